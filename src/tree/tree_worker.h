// One worker: reads directories that it gets from the queue and copies what is in them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/file_batch.h"
#include "tree/tree_queue.h"
#include "tree/tree_shared.h"

namespace libcopyfile {

// What is at the destination already, and what is to be done about it.
enum class Way : uint8_t {
  create,    // nothing is there, or it is out of the way now
  replace,   // by rename
  in_place,  // written into
  keep,      // it is what the copy would be; that has been told
  skip,      // and that has been told
};

class TreeWorker {
 public:
  TreeWorker(TreeShared& shared, TreeQueue* queue, unsigned number);

  // Until the queue has nothing more.
  void run();
  // An operand that is no directory. `stat` is of the source, links followed as they shall be.
  void copy_operand(const Place& place, const FileStat& stat);
  // Makes the destination of a directory, or takes what is there, and describes it; false, told, where there is none to be
  // had. `in` is open for reading.
  bool start_directory(const Place& place, Fd in, const FileStat& stat, TreeDirectory& directory);
  // All in it is complete: gives it what it shall have.
  void finish_directory(TreeDirectory& directory);
  // Names what is waiting for it.
  void commit();
  size_t drop() { return batch_ ? batch_->drop() : 0; }

  const TreeReport& report() const { return report_; }

 private:
  // Of a file in the batch, until it has its name.
  struct InBatch {
    DirectoryPtr directory;
    std::optional<TreeDirectory::Use> use;
    Place place;
    FileStat source;
  };

  // Reading.
  void read(const DirectoryPtr& directory);
  bool read_some(const DirectoryPtr& directory, const TreeDirectory::Use& use,
                 std::vector<DirectoryPtr>& found);
  bool start(const DirectoryPtr& directory);
  void complete(DirectoryPtr directory);
  Result<std::vector<Entry>> next_entries(TreeDirectory& directory, const TreeDirectory::Use& use);
  void entry(const DirectoryPtr& directory, const TreeDirectory::Use& use, const Entry& entry,
             std::vector<DirectoryPtr>& found);
  bool is_included(const DirectoryPtr& directory, const TreeDirectory::Use& use,
                   const Entry& entry);
  void found_directory(const DirectoryPtr& parent, const std::string& name,
                       std::vector<DirectoryPtr>& found);
  void remove_strangers(const TreeDirectory::Use& use);
  Result<Fd> open_destination(const Place& place, const FileStat& stat, bool is_ours);
  uint32_t first_mode(const FileStat& source) const;
  Done keep_special_bits(const FileStat& source, int out, uint32_t made_with);
  Done give_metadata(int in, const FileStat& stat, int out, bool is_new, std::vector<Loss>& losses);

  // What is no directory.
  void copy_other(const Place& place, const FileStat& stat);
  void copy_regular(const Place& place, Fd in, const FileStat& stat);
  void copy_file_now(const Place& place, int in, const FileStat& stat, Way way);
  bool copy_plain(const Place& place, int in, const FileStat& stat, Way way);
  void write_in_place(const Place& place, int in, const FileStat& stat);
  void copy_attributes(const Place& place, const FileStat& stat, Way way);
  void add_to_batch(const Place& place, const FileStat& stat, FileJob job,
                    std::optional<std::pair<FileReport, ReadyFile>> ready);
  void batch_ended(const FileJob& job, const FileReport& report, const Done& done);
  FileJob job_of(const Place& place, int in, Way way) const;
  void file_done(const Place& place, const FileStat& stat, const FileJob* job,
                 const FileReport& report);
  void file_failed(const Place& place, const FileStat& stat, const FileJob& job,
                   const FileReport& report, const Error& error);

  // Links and special files (tree_special.cc).
  void make_special(const Place& place, const FileStat& stat, Way way);
  Done make_node(const Place& place, const FileStat& stat, int dir, const std::string& name);
  Done give_special_metadata(const Place& place, const FileStat& stat, int dir,
                             const std::string& name, std::vector<Loss>& losses);
  Done give_link_metadata(int in, const FileStat& stat, int out, const FileStat& now,
                          std::vector<Loss>& losses);
  template <class Make>
  Done put(const Place& place, Way way, Make&& make);
  void make_form_of_link(const Place& place, const FileStat& stat, Way way);

  // Hard links (tree_special.cc).
  void keep_name(const Place& place, const FileStat& stat);
  bool may_have_names(const Place& place, const FileStat& stat) const;
  bool is_followed(const Place& place) const;
  bool is_first_name(const Place& place, const FileStat& stat, Way way);
  void give_other_names(const Place& place, const FileStat& stat);
  void no_copy_of(const FileStat& stat);
  void try_again(const LinkName& name);
  void link_to(const LinkName& original, const LinkName& name);
  LinkName link_name(const Place& place, const FileStat& stat, bool replace) const;

  // Existing destinations (tree_existing.cc).
  Way decide(const Place& place, const FileStat& source);
  bool may_replace(const Place& place, const FileStat& source, const FileStat& there);
  bool make_backup(const Place& place, const FileStat& from);
  Way decide_without_target(const Place& place, const FileStat& source, const Error& why);
  Way make_way(const Place& place, const FileStat& source, const FileStat& there);
  bool remove(const Place& place, const FileStat& source);
  bool is_data(const FileStat& source) const;
  void note_created(const Place& place);
  static bool may_be_one(const Place& place);
  bool folds_case(const TreeDirectory& directory, int out) const;
  bool was_created_now(const Place& place, const FileStat& there);
  bool is_same_entry(const Place& place);
  enum class Same : uint8_t {
    no,       // or it does not matter
    refused,  // it would be lost
    done,     // there is nothing to be done
  };
  Same same_file(const Place& place, const FileStat& source, const FileStat& there,
                 const FileStat& link);
  Same same_by_links(const Place& place, const FileStat& source, const FileStat& there,
                     bool never_follow);
  bool is_complete(const Place& place);
  static bool is_the_copy(const Place& place, const FileStat& source, const FileStat& there);

  static Place place_of(const TreeDirectory& directory);
  bool needs_own_sync(const DirectoryPair& pair) const;
  TreeItem item(const Place& place, const FileStat& stat) const;
  void fail(const Place& place, const FileStat& stat, Trouble trouble, const Error& error);
  void skip(const Place& place, const FileStat& stat, Skipped why);
  void made(const Place& place, const FileStat& stat, Made what, const std::vector<Loss>& losses);
  Place place_in(const DirectoryPtr& directory, const TreeDirectory::Use& use,
                 const std::string& name) const;

  TreeShared& s_;
  TreeQueue* queue_;
  unsigned number_;
  TreeReport report_;
  std::vector<std::byte> buffer_;
  FileJob unseen_;  // common jobs
  FileJob seen_;
  std::optional<FileBatch> batch_;
  uint64_t next_tag_ = 1;
  std::map<uint64_t, InBatch> in_batch_;
  std::deque<LinkName> to_try_again_;       // the first is being tried
  bool committing_ = false;                 // what is added meanwhile is committed by that, too
  std::set<std::string> waiting_operands_;  // of the batch, by destination
};

}  // namespace libcopyfile
