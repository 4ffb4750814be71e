// Reading ahead of writing: one thread fills batches while another empties them, so that both copies of the bytes (page
// cache to buffer, buffer to page cache) run at once.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "mechanism/mechanism.h"

namespace libcopyfile {

struct Piece {
  uint64_t out = 0;   // where it goes in the destination
  size_t offset = 0;  // where it is in the buffer
  size_t length = 0;
};

// Some pieces of the source in memory. Many small ranges share a batch.
struct Batch {
  AlignedBuffer buffer;
  std::vector<Piece> pieces;
  size_t used = 0;
  // Why nothing comes behind this batch: complete and last, or how reading stopped.
  bool last = false;
  Stop stop = Stop::complete;
  Error error;

  void clear() {
    pieces.clear();
    used = 0;
    last = false;
    stop = Stop::complete;
    error = {};
  }
};

// One reader, one writer, a fixed number of batches that go round.
class BatchRing {
 public:
  explicit BatchRing(std::vector<Batch> batches) : batches_(std::move(batches)) {}

  // For the reader: an empty batch, or nullptr once the writer has given up.
  Batch* wait_empty();
  void put_full();
  // For the writer. The reader always ends with a batch that is `last`.
  Batch& wait_full();
  void put_empty();
  void give_up();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Batch> batches_;
  size_t full_ = 0;      // batches between reader and writer
  size_t read_at_ = 0;   // the reader's next
  size_t write_at_ = 0;  // the writer's next
  bool given_up_ = false;
};

}  // namespace libcopyfile
