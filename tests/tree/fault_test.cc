// EIO at each operation of the copy of a tree, one after the other: what is there in the end is complete, or absent and told of.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "publish/private_name.h"
#include "publish/remove_tree.h"
#include "publish/sweep.h"
#include "scale.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMostOperations = 5000;

class TreeFaults : public ::testing::TestWithParam<FsKind> {
 protected:
  TreeFaults() : top_(test_directory(GetParam())) {
    make_directory(at("source"));
    make_directory(at("source/sub"));
    make_directory(at("source/sub/locked"));
    write_text(at("source/plain"), "a few bytes");
    write_text(at("source/large"), std::string(300000, 'l'));
    write_text(at("source/sub/one"), "1", 0640);
    write_text(at("source/sub/locked/two"), std::string(9000, '2'));
    EXPECT_EQ(link(at("source/plain").c_str(), at("source/sub/other-name").c_str()), 0);
    EXPECT_EQ(symlink("plain", at("source/link").c_str()), 0);
    EXPECT_EQ(mkfifo(at("source/sub/pipe").c_str(), 0600), 0);
    EXPECT_EQ(chmod(at("source/sub/locked").c_str(), 0555), 0);
    source_ = snapshot(at("source"), {true, true, false});
  }

  std::string at(const std::string& name) const { return top_ + "/" + name; }

  // Whether the fault was met.
  bool run_with_fault(uint64_t number, const TreeOptions& options, const std::string& to) {
    run_ = std::make_unique<TreeRun>();
    run_->system.script.inject("fail any errno=EIO times=1 after=" + std::to_string(number));
    ok_ = run_->copy({{at("source"), at(to)}}, options);
    return run_->system.script.all_calls() > number;
  }

  bool told_of(const std::string& name) const {
    for (const std::string& line : run_->told.lines) {
      if (!line.starts_with("failed ")) continue;
      const std::string failed = line.substr(7, line.rfind(": ") - 7);
      const std::string path = at("source") + (name.empty() ? "" : "/" + name);
      if (path == failed || path.starts_with(failed + "/")) return true;
    }
    return false;
  }

  // `old`: what was there before, for a tree that is copied into.
  void check(const std::string& to, const Snapshot* old) {
    const bool there = access(at(to).c_str(), F_OK) == 0;
    if (!there) {
      EXPECT_TRUE(old == nullptr && !ok_);
    } else {
      check_names(snapshot(at(to), {true, true, false}), old);
    }
    EXPECT_EQ(ok_, run_->told.troubles.empty());
    // What could not be taken away is no more than a sweep finds.
    const bool cleaning = run_->system.script.calls("unlink") > 0;
    for (const std::string& name : names_in(top_)) {
      EXPECT_FALSE(is_private_name(name) && !cleaning) << name;
    }
    KernelFiles files;
    KernelNames names;
    KernelAttributes attributes;
    const Fd top(open(top_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(sweep(files, names, attributes, top.get(), top_,
                      {.recursive = true, .not_sure_too = true}));
    for (const auto& [name, text] : snapshot(top_)) {
      EXPECT_FALSE(is_private_name(name.substr(name.rfind('/') + 1))) << name;
    }
  }

  void check_names(const Snapshot& copy, const Snapshot* old) {
    for (const auto& [name, wanted] : source_) {
      const auto found = copy.find(name);
      if (found == copy.end()) {
        EXPECT_TRUE(!ok_ && told_of(name)) << name << " is missing";
        continue;
      }
      // Where something was told about it, it may have less than it should; but it holds what it should hold, or what it held.
      const bool exact = run_->told.losses.empty() && !told_of(name);
      if (exact && (found->second == wanted || (!ok_ && alone(found->second) == alone(wanted)))) {
        continue;
      }
      const auto before = old != nullptr ? old->find(name) : source_.end();
      const bool is_old = old != nullptr && before != old->end() && before->second == found->second;
      EXPECT_TRUE(!exact && (is_old || data_of(found->second) == data_of(wanted)))
          << name << ": " << found->second << " instead of " << wanted << "\n"
          << ::testing::PrintToString(run_->told.lines);
    }
  }

  // Of several names one may be missing.
  static std::string alone(const std::string& text) {
    const size_t same = text.find(" same=");
    if (same == std::string::npos) return text;
    return text.substr(0, same) + text.substr(text.find(" data="));
  }

  static std::string data_of(const std::string& text) {
    const size_t type = text.find(' ');
    const size_t data = text.find(" data=");
    return text.substr(0, type) + (data == std::string::npos ? "" : text.substr(data));
  }

  void remove(const std::string& name) {
    KernelFiles files;
    KernelNames names;
    KernelAttributes attributes;
    const Fd top(open(top_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    (void)remove_tree(files, names, attributes, top.get(), name);
  }

  std::string top_;
  Snapshot source_;
  std::unique_ptr<TreeRun> run_;
  bool ok_ = false;
};

constexpr FsKind kFileSystems[] = {FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs};
INSTANTIATE_TEST_SUITE_P(Fs, TreeFaults, ::testing::ValuesIn(kFileSystems),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TreeOptions one_worker(Durability durability, SyncPolicy sync) {
  TreeOptions options = archive();
  options.jobs = 1;
  options.durability = durability;
  options.sync = sync;
  return options;
}

TEST_P(TreeFaults, ANewTreeIsCompleteOrAbsent) {
  const uint64_t stride = kSanitized ? 7 : 1;
  uint64_t number = 0;
  for (; number < kMostOperations; number += stride) {
    SCOPED_TRACE("operation " + std::to_string(number));
    const SyncPolicy sync = number % 2 == 0 ? SyncPolicy::automatic : SyncPolicy::files;
    const bool met = run_with_fault(number, one_worker(Durability::durable, sync), "copy");
    check("copy", nullptr);
    remove("copy");
    if (!met || HasFailure()) break;
  }
  EXPECT_GT(number, 50U);
}

TEST_P(TreeFaults, StoppedByTheFirstFailureNothingIsThere) {
  const uint64_t stride = kSanitized ? 11 : 3;
  for (uint64_t number = 0; number < kMostOperations; number += stride) {
    SCOPED_TRACE("operation " + std::to_string(number));
    TreeOptions options = one_worker(Durability::ordered, SyncPolicy::automatic);
    options.stop_on_error = true;
    const bool met = run_with_fault(number, options, "copy");
    EXPECT_EQ(ok_, access(at("copy").c_str(), F_OK) == 0);
    check("copy", nullptr);
    remove("copy");
    if (!met || HasFailure()) break;
  }
}

TEST_P(TreeFaults, InATreeThatIsThereEachFileIsOldOrComplete) {
  const uint64_t stride = kSanitized ? 7 : 1;
  uint64_t number = 0;
  for (; number < kMostOperations; number += stride) {
    SCOPED_TRACE("operation " + std::to_string(number));
    make_directory(at("copy"));
    make_directory(at("copy/sub"));
    write_text(at("copy/large"), "old");
    write_text(at("copy/sub/one"), "old and longer");
    EXPECT_EQ(symlink("elsewhere", at("copy/link").c_str()), 0);
    const Snapshot old = snapshot(at("copy"), {true, true, false});
    const SyncPolicy sync = number % 2 == 0 ? SyncPolicy::file_system : SyncPolicy::files;
    const bool met = run_with_fault(number, one_worker(Durability::durable, sync), "copy");
    check("copy", &old);
    remove("copy");
    if (!met || HasFailure()) break;
  }
  EXPECT_GT(number, 50U);
}

// Of a file with several names each must be tried before it is given up.
TEST_P(TreeFaults, TheOtherNamesOfAFileThatFailsAreTriedInTheirTurn) {
  make_directory(at("names"));
  write_text(at("names/0"), std::string(5000, 'n'));
  for (int i = 1; i < 12; ++i) {
    ASSERT_EQ(link(at("names/0").c_str(), (at("names/") + std::to_string(i)).c_str()), 0);
  }
  for (const bool existing : {false, true}) {
    for (const char* fault :
         {"fail sync errno=EIO times=1", "fail link errno=EIO times=1",
          "fail read errno=EIO times=2", "fail write errno=EIO times=2",
          "fail create_exclusive errno=EIO times=2", "fail sync errno=EIO times=3"}) {
      SCOPED_TRACE(std::string(fault) + (existing ? ", existing" : ", new"));
      run_ = std::make_unique<TreeRun>();
      run_->system.script.inject(fault);
      TreeOptions options = one_worker(Durability::ordered, SyncPolicy::files);
      options.data.sharing = Sharing::never;
      if (existing) make_directory(at("copy"));
      ok_ = run_->copy({{at("names"), at("copy")}}, options);
      const std::vector<std::string> copied = names_in(at("copy"));
      EXPECT_EQ(copied.size() + run_->told.troubles.size(), 12U)
          << ::testing::PrintToString(run_->told.lines);
      EXPECT_EQ(run_->report.files, 1U);
      struct stat st {};
      for (const std::string& name : copied) {
        ASSERT_EQ(stat((at("copy/") + name).c_str(), &st), 0);
        EXPECT_EQ(st.st_nlink, copied.size());
      }
      remove("copy");
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
