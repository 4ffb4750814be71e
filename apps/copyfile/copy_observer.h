// Hears what copy_trees() does, and tells it: in cp's lines, or as JSON. Checks of single files are asked for here.
#pragma once

#include <map>
#include <set>
#include <string>

#include "copyfile/checksums.h"
#include "copyfile/context.h"
#include "copyfile/events.h"
#include "tree/tree_job.h"

namespace libcopyfile::app {

class CopyObserver final : public TreeObserver {
 public:
  CopyObserver(Context& context, const Checksums& checksums) : c_(context), checksums_(checksums) {}

  Done before_file(const TreeItem& item, FileJob& job) override;
  void copied(const TreeItem& item, const FileJob& job, const FileReport& report) override;
  void made(const TreeItem& item, Made what, const std::vector<Loss>& losses) override;
  void backed_up(const TreeItem& item, const std::string& backup) override;
  void removed(const TreeItem& item) override;
  void skipped(const TreeItem& item, Skipped why) override;
  void failed(const TreeItem& item, const TreeFailure& failure) override;
  bool may_overwrite(const TreeItem& item, const FileStat& existing) override;
  bool wants_every_item() const override;

  // Whether all that is there has what it must have, as far as nobody else knows.
  bool all_complete() const { return all_complete_; }

 private:
  bool names_items() const;
  // The line of -v, unless it is there already.
  void name_it(const TreeItem& item);
  // Takes what was noted of the item.
  static std::string take(std::map<std::string, std::string>& notes, const std::string& to);
  bool find_expected(const TreeItem& item, CheckOptions& check);

  Context& c_;
  const Checksums& checksums_;
  // By destination, from one event to the last one of the same item.
  std::map<std::string, std::string> backups_;
  std::set<std::string> named_;  // by cp -f, before the last event
  std::map<std::string, std::string> refusals_;
  bool all_complete_ = true;
};

}  // namespace libcopyfile::app
