// The directories that are still to be read, for several workers. Each works depth first on what it found itself, so that few
// directories are open at a time and memory does not grow with the tree; who has nothing left takes the shallowest directory
// of another, or helps to read the one that another is reading (one directory may hold a million files).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <vector>

#include "tree/tree_directory.h"

namespace libcopyfile {

class TreeQueue {
 public:
  explicit TreeQueue(unsigned workers) : own_(workers), reading_(workers) {}

  // Directories found by `worker`, the one to be read last first.
  void push(unsigned worker, std::vector<DirectoryPtr> found);
  // The next directory to start, to go on with or to help with; null when all is done. `idle` is called (without the lock) once
  // before the worker waits: what it holds back others may be waiting for. The caller is then reading that directory until its next call.
  DirectoryPtr take(unsigned worker, const std::function<void()>& idle);
  // A directory that is being read has started, or has more entries: worth helping with.
  void more_to_read();
  // Nothing more is handed out.
  void stop();

 private:
  DirectoryPtr find(unsigned worker);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::deque<DirectoryPtr>> own_;
  std::vector<DirectoryPtr> reading_;  // by each worker
  std::atomic<bool> waiting_{false};   // somebody
  bool stopped_ = false;
};

}  // namespace libcopyfile
