// A directory of the source, the directory that it becomes, and what both have in common for the files in them.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "engine/plain_file.h"

namespace libcopyfile {

class TreeDirectory;
using DirectoryPtr = std::shared_ptr<TreeDirectory>;

// What all directories below one operand share.
struct TreeBase {
  std::string from;  // the operand and its name, as they are reported
  std::string to;
  uint64_t device = 0;  // that --one-file-system stays on
};

// How many descriptors directories, and files that wait for their names, may keep: a tree may be deeper than a process may have
// files open.
class DescriptorBudget {
 public:
  explicit DescriptorBudget(size_t most) : most_(most) {}
  void opened() { ++open_; }
  void closed() { --open_; }
  bool exceeded() const { return open_ > most_; }
  size_t most() const { return most_; }

 private:
  size_t most_;
  std::atomic<size_t> open_{0};
};

// Any thread at any time, except as noted.
class TreeDirectory {
 public:
  TreeDirectory(std::shared_ptr<const TreeBase> base, DirectoryPtr parent, std::string name,
                DescriptorBudget& budget)
      : base_(std::move(base)),
        parent_(std::move(parent)),
        name_(std::move(name)),
        budget_(budget) {}
  ~TreeDirectory();
  TreeDirectory(const TreeDirectory&) = delete;
  TreeDirectory& operator=(const TreeDirectory&) = delete;

  // Both descriptors, open for as long as this lives.
  class Use {
   public:
    explicit Use(TreeDirectory* of) : of_(of) {}
    Use(Use&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Use& operator=(Use&& other) noexcept;
    ~Use() { release(); }
    int in() const { return of_->in_.get(); }
    int out() const { return of_->out_.get(); }

   private:
    void release();
    TreeDirectory* of_;
  };

  // Takes the descriptors over; REQUIRES that nobody else knows this directory yet.
  void adopt(Fd in, const FileStat& in_stat, Fd out, const FileStat& out_stat);
  // Opens again what was closed: step by step from where it is still open, never through a symbolic link. ESTALE if another
  // directory has taken the place.
  Result<Use> use(Names& names, Files& files);
  // Opens the directory above it again, if it was closed, from this one, which is in use: what is completed next.
  void open_parent_again(Names& names, Files& files) const;
  // Its entries are read: the descriptors may be closed while they are not used.
  void let_go();

  const DirectoryPtr& parent() const { return parent_; }
  const std::string& name() const { return name_; }
  const TreeBase& base() const { return *base_; }
  const std::shared_ptr<const TreeBase>& shared_base() const { return base_; }
  const FileStat& source() const { return in_stat_; }
  const FileStat& destination() const { return out_stat_; }
  // Paths of an entry, or of the directory itself for an empty name.
  std::string from_path(const std::string& entry) const;
  std::string to_path(const std::string& entry) const;
  // As a filter sees it: from the operand on.
  std::string inside(const std::string& entry) const;
  bool is_below(uint64_t device, uint64_t inode) const;

  // What remains to be done before the directory is complete: entries, and whoever reads them.
  void expect() { remaining_.fetch_add(1, std::memory_order_relaxed); }
  // The same, unless it is complete already.
  bool expect_if_not_done() {
    uint32_t now = remaining_.load(std::memory_order_relaxed);
    while (now != 0 && !remaining_.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) {
    }
    return now != 0;
  }
  bool done() { return remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  // Set before others see the directory, and only read then.
  std::string out_name;  // the name that it has in the destination, where that is not name()
  bool unseen = false;   // nobody else sees the destination
  bool made = false;     // by us: it gets its metadata in the end
  bool resumed = false;  // it was there, from an interrupted copy: what does not belong there goes
  bool exhausted_at_once = false;  // nothing in it is copied (another file system)
  DirectoryPair pair;
  // Two names of the source may be one in the destination. What this job has put there, or is about to replace, is then known
  // by its inode, so that the second is not taken for what was there before.
  bool folds_case = false;
  bool claim(const FileStat& there);  // false: it is claimed already
  bool is_claimed(const FileStat& there);

  // Of its reading (tree_queue.h): one thread reads at a time, the others go on with what it got.
  std::mutex reading;
  bool listed = false;  // the names that a list has of it have been handed out
  std::atomic<bool> started{false};
  std::atomic<bool> exhausted{false};

 private:
  std::string path_from(const std::string& top, const std::string& entry, bool of_source) const;
  Result<bool> try_use();
  bool close_if_idle();
  void make_room();
  Done reopen(const TreeDirectory& parent, Names& names, Files& files);

  std::shared_ptr<const TreeBase> base_;
  DirectoryPtr parent_;
  std::string name_;
  DescriptorBudget& budget_;
  std::atomic<uint32_t> remaining_{1};
  FileStat in_stat_;
  FileStat out_stat_;

  std::mutex mutex_;  // of what follows
  Fd in_;
  Fd out_;
  unsigned users_ = 0;
  bool may_close_ = false;
  std::set<uint64_t> claimed_;  // inodes
};

}  // namespace libcopyfile
