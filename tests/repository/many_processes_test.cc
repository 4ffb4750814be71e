// Many processes add, get, remove and collect at once: what was added and not removed is there, and nothing is ever wrong.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>

#include "kit.h"
#include "sys/system_info.h"
#include "testing/child.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kContents = 300;  // few enough that many processes have the same ones

std::string content(uint64_t number) { return bytes_of(number, 10 + number * 97 % 20000); }

// One of the processes. Names begin with its own number, contents are everybody's.
class Member {
 public:
  Member(const std::string& path, size_t number, double seconds)
      : repo_(path),
        own_("p" + std::to_string(number) + "/"),
        random_(store_test_seed() * 1000 + number),
        end_(monotonic_seconds() + seconds) {}

  // What went wrong; empty: nothing.
  std::string run() {
    try {
      while (monotonic_seconds() < end_ && wrong_.empty()) step();
      for (const auto& [name, number] : mine_) expect_there(name, number);
    } catch (const std::exception& error) {
      wrong_ = error.what();
    }
    return wrong_;
  }
  size_t steps() const { return steps_; }

 private:
  void step() {
    ++steps_;
    switch (choose(random_, 10)) {
      case 0: collect(); break;
      case 1:
      case 2: remove_one(); break;
      case 3:
      case 4:
      case 5: get_one(); break;
      case 6: get_any(); break;
      default: add_one(); break;
    }
  }

  void add_one() {
    const uint64_t number = choose(random_, kContents);
    const std::string name = own_ + std::to_string(next_++);
    const std::string source = repo_.path() + "-" + std::to_string(getpid());
    write_text(source, content(number));
    const Result<store::Added> added = repo_.try_add(source, digest_of(content(number)), name);
    if (!added) return say("add", name, added.error());
    mine_[name] = number;
  }

  void get_one() {
    if (mine_.empty()) return;
    auto at = mine_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(choose(random_, mine_.size())));
    expect_there(at->first, at->second);
  }

  // By digest, whoever has added it: there and right, or not there.
  void get_any() {
    const std::string bytes = content(choose(random_, kContents));
    const Result<std::string> got = repo_.get(digest_of(bytes).text());
    if (got && *got != bytes) wrong_ = "wrong bytes by digest";
    if (!got && got.error().code != ENOENT) say("get", "a digest", got.error());
  }

  void expect_there(const std::string& name, uint64_t number) {
    const Result<std::string> got = repo_.get(name);
    if (!got) return say("get", name, got.error());
    if (*got != content(number)) wrong_ = name + " has wrong bytes";
  }

  void remove_one() {
    if (mine_.empty()) return;
    const std::string name = mine_.begin()->first;
    Result<store::Repository> repository = repo_.open();
    if (!repository) return say("open", repo_.path(), repository.error());
    const Done removed = repository->remove_name(name);
    if (!removed) return say("remove", name, removed.error());
    mine_.erase(name);
    const Result<Digest> still = repository->resolve(store::Reference(name));
    if (still || still.error().code != ENOENT) wrong_ = name + " is removed, and there";
  }

  void collect() {
    Result<store::Repository> repository = repo_.open();
    if (!repository) return say("open", repo_.path(), repository.error());
    const Result<store::GcReport> report = store::collect(*repository, {});
    // Where others add without a pause it may not get its turn.
    if (!report && report.error().code != EBUSY) say("collect", "", report.error());
  }

  void say(const std::string& what, const std::string& name, const Error& error) {
    wrong_ = what + " " + name + ": " + error.message();
  }

  Repo repo_;
  std::string own_;
  std::mt19937_64 random_;
  double end_;
  std::map<std::string, uint64_t> mine_;
  uint64_t next_ = 0;
  size_t steps_ = 0;
  std::string wrong_;
};

class ManyProcesses : public ::testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(On, ManyProcesses, ::testing::Values(FsKind::ext4, FsKind::xfs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(ManyProcesses, LoseNothingAndGetNothingWrong) {
  const std::string directory = test_directory(GetParam());
  Repo repo(directory + "/repo");
  const size_t members = times(200, 30);
  const double seconds = store_tests_are_full() ? 60 : 2.5;
  std::vector<Child> children;
  for (size_t i = 0; i < members; ++i) {
    children.emplace_back([&, i] {
      Member member(repo.path(), i, seconds);
      const std::string wrong = member.run();
      write_text(directory + "/steps" + std::to_string(i), std::to_string(member.steps()));
      if (!wrong.empty()) write_text(directory + "/wrong" + std::to_string(i), wrong);
      return wrong.empty() ? 0 : 1;
    });
  }
  size_t steps = 0;
  for (size_t i = 0; i < members; ++i) {
    EXPECT_EQ(children[i].wait(), 0);
    const std::string wrong = directory + "/wrong" + std::to_string(i);
    if (std::filesystem::exists(wrong)) ADD_FAILURE() << read_text(wrong);
    const std::string done = directory + "/steps" + std::to_string(i);
    if (std::filesystem::exists(done)) steps += std::stoul(read_text(done));
  }
  EXPECT_EQ(repo.damage(), 0);
  EXPECT_EQ(names_in(repo.path() + "/pending").size(), 0U);
  std::printf("store: %zu processes, %zu operations\n", members, steps);
}

}  // namespace
}  // namespace libcopyfile::test
