// An image in a regular file.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/fd.h"
#include "engine/data_copy.h"
#include "engine/learned.h"
#include "mechanism/mechanism.h"
#include "sys/names.h"
#include "target/image.h"

namespace libcopyfile::target {

// What images work with. `files` and `names` outlive it; tests put faults there.
struct ImageSystem {
  Files& files;
  Names& names;
  Catalogue catalogue{};
  Learned learned{};
};

// As open_image(path, options).
Result<std::shared_ptr<Image>> open_image(std::shared_ptr<ImageSystem> system,
                                          const std::string& path, const ImageOptions& options);

// Many flushes at once become few: one that has not begun yet serves all who wait for it. Any thread.
class GroupFlush {
 public:
  // `sync` is called by one thread at a time. Its first failure is everybody's from then on.
  template <class Sync>
  Done flush(Sync&& sync);
  bool failed() const { return failed_.load(std::memory_order_acquire); }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  uint64_t asked_ = 0;    // how many came
  uint64_t covered_ = 0;  // how many of them had come when the last one that has ended began
  bool running_ = false;
  std::atomic<bool> failed_{false};
};

class ImageFile final : public Image {
 public:
  // A file as it was opened. `directory` may be none: then there are no scratch files.
  struct Parts {
    std::string path;
    Fd file;
    Fd stable;  // another open file of the same, for fdatasync alone; none: nothing is ever made stable
    std::shared_ptr<const Fd> directory;
    ImageInfo info;
    bool write_through = false;
  };
  ImageFile(std::shared_ptr<ImageSystem> system, Parts parts);

  const ImageInfo& info() const override { return *now_.load(std::memory_order_acquire); }
  std::string name() const override { return parts_.path; }
  Result<bool> refresh() override;

  Done read(uint64_t offset, std::span<uint8_t> into, MayBlock may) override;
  Done write(uint64_t offset, std::span<const uint8_t> data, MayBlock may) override;
  Done flush() override;
  Done zero(Range range, bool unmap) override;
  Done prefetch(Range range) override;
  Result<Run> run_at(uint64_t offset, uint64_t until) override;
  Done copy_from(Image& from, uint64_t from_offset, uint64_t offset, uint64_t length,
                 const CopyProgress& progress, CopyAccount& account) override;
  Result<std::shared_ptr<Image>> scratch(uint64_t size) override;
  Done snapshot(const std::string& path) override;

 private:
  Files& files() const { return system_->files; }
  // EINVAL for what reaches behind the end; EROFS where it is to be changed and must not be.
  Done check(uint64_t offset, uint64_t length, bool change) const;
  Done write_zeros(Range range);
  // With a write-through image, what was changed other than by write() has to be flushed.
  Done settle(Done done);
  // How much of the piece is shared by a clone alone; `declined` where something else is to go on.
  Moved share_piece(ImageFile& from, const CopyRange& piece, const CopyProgress& progress,
                    CopyAccount& account);
  Done copy_piece(ImageFile& from, const CopyRange& piece, const CopyProgress& progress,
                  CopyAccount& account);
  Done copy_by_hand(Image& from, const CopyRange& range, const CopyProgress& progress,
                    CopyAccount& account);

  std::shared_ptr<ImageSystem> system_;
  Parts parts_;
  std::mutex info_mutex_;
  std::deque<ImageInfo> infos_;  // all that info() has ever returned: callers hold references
  std::atomic<const ImageInfo*> now_;
  GroupFlush group_flush_;
  // File systems that can't tell whether a transfer would wait say so once.
  std::atomic<bool> reads_tell_{true}, writes_tell_{true};
};

template <class Sync>
Done GroupFlush::flush(Sync&& sync) {
  std::unique_lock lock(mutex_);
  const uint64_t mine = ++asked_;
  ended_.wait(lock, [&] { return !running_ || covered_ >= mine; });
  while (covered_ < mine && !failed()) {
    const uint64_t covers = asked_;
    running_ = true;
    lock.unlock();
    const Done done = sync();
    lock.lock();
    running_ = false;
    if (!done) failed_.store(true, std::memory_order_release);
    covered_ = covers;
    ended_.notify_all();
    if (!done) return done;
  }
  if (failed()) return fail(EIO, Op::sync);
  return {};
}

}  // namespace libcopyfile::target
