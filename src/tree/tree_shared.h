// What all workers of one job share.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "tree/hard_links.h"
#include "tree/tree_job.h"

namespace libcopyfile {

// One name: where it is in the source, and where it goes. Directories are open; names are single components.
struct Place {
  DirectoryPtr directory;  // null: an operand
  int in_dir = kCurrentDirectory;
  std::string in_name;  // of an operand its path
  int out_dir = kCurrentDirectory;
  std::string out_name;
  bool unseen = false;  // nobody else sees out_dir
  std::string from;     // of operands: as they are reported
  std::string to;

  bool is_operand() const { return directory == nullptr; }
  bool directory_is_resumed() const { return directory != nullptr && directory->resumed; }
  std::string from_path() const { return is_operand() ? from : directory->from_path(in_name); }
  std::string to_path() const { return is_operand() ? to : directory->to_path(out_name); }
};

// Limits the bytes a second of all workers together.
class Pace {
 public:
  explicit Pace(uint64_t rate);
  // So many have been copied; sleeps where that was too fast.
  void copied(uint64_t bytes);

 private:
  uint64_t rate_;
  double started_;
  std::mutex mutex_;
  uint64_t bytes_ = 0;
};

struct TreeShared {
  TreeShared(const System& sys, const Catalogue& cat, Learned& learned_so_far,
             const TreeOptions& opt, TreeObserver& obs);

  const System& system;
  const Catalogue& catalogue;
  Learned& learned;
  const TreeOptions& options;

  DescriptorBudget budget;
  HardLinks links;  // it keeps directories
  Pace pace;
  FileJob common;  // what all files are copied with

  std::atomic<bool> stop{false};  // no more work is begun
  std::atomic<bool> failed{false};
  std::atomic<bool> cancelled{false};
  std::atomic<bool> staging{false};   // a tree has no name yet
  std::atomic<bool> no_space{false};  // for a tree that is staged: it will get none
  std::atomic<uint64_t> bytes_done{0};

  // Destination directories of the operands: not copied into themselves.
  std::set<std::pair<uint64_t, uint64_t>> tops;
  // What operands that are no directories have become so far, where there is more than one, by name, device and inode.
  bool several = false;
  void note_created(const std::string& name, const FileStat& stat);
  bool was_created(const std::string& name, const FileStat& stat);

  // Told of files only: for whoever looks at it meanwhile.
  void count(const FileStat& source, const Place& place, const FileJob* job = nullptr);
  void leave_out(const FileStat& source) const;
  // Its bytes are told while they are moved.
  void name_job(FileJob& job, const Place& place) const;

  // The observer, by one thread at a time.
  template <class Call>
  auto tell(Call&& call) {
    const std::lock_guard lock(telling_);
    return call(observer_);
  }
  bool wants_every_item() const { return wants_every_item_; }
  void fail_item(const TreeItem& item, const TreeFailure& failure);
  // Asks whether to go on.
  bool cancel_asked();

  bool gives(uint64_t classes) const { return ((common.required | common.wanted) & classes) != 0; }
  bool gives_all(uint64_t classes) const {
    return ((common.required | common.wanted) & classes) == classes;
  }

 private:
  // The progress of one job.
  struct MovedBytes {
    TreeShared* shared;
    uint64_t told = 0;
    bool operator()(const Progress& progress);
  };

  TreeObserver& observer_;
  bool wants_every_item_;
  std::mutex telling_;
  std::mutex created_mutex_;
  std::set<std::tuple<std::string, uint64_t, uint64_t>> created_;
};

}  // namespace libcopyfile
