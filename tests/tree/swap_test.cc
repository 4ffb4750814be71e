// Somebody exchanges files, directories and links of a tree while it is copied: what the links lead to is neither read nor
// written, and what is copied is complete.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "fixture.h"
#include "publish/private_name.h"
#include "scale.h"
#include "swapper.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr int kParts = 4;
constexpr size_t kAttempts = 10000;
// A read that is noticed (relatime): older than the modification.
constexpr timespec kNeverRead{1, 0};
constexpr timespec kWritten{1'000'000'000, 0};

std::string numbered(const char* name, int i) { return name + std::to_string(i); }

Fd open_directory(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  return fd;
}

bool is_link(int dir, const std::string& name) {
  struct stat st {};
  return fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

void link_to(const std::string& target, const std::string& path) {
  if (symlink(target.c_str(), path.c_str()) != 0) throw ScratchError::of_errno("link " + path);
}

std::string time_text(const timespec& t) {
  return std::to_string(t.tv_sec) + "." + std::to_string(t.tv_nsec);
}

class SwapTest : public ::testing::TestWithParam<FsKind> {
 protected:
  SwapTest() : top_(test_directory(GetParam())) {
    for (const char* d : {"outside", "outside/deeper", "evil", "evil/deep", "work"}) {
      make_directory(at(d));
    }
    for (const char* f : kCanaries) write_text(at(f), "canary");
    for (const char* name : kOutside) {
      const timespec times[2] = {kNeverRead, kWritten};
      utimensat(AT_FDCWD, at(name).c_str(), times, 0);
    }
    before_ = outside();
  }

  std::string at(const std::string& name) const { return top_ + "/" + name; }

  // Parts of a tree: part N has a directory, a directory in that, and files in each. What swaps is reached by descriptors, not
  // through names that are swapped themselves.
  struct Parts {
    Fd top;
    std::vector<Fd> directories;
  };
  Parts make_parts(const std::string& top, const std::string& text) const {
    make_directory(at(top));
    Parts parts{open_directory(at(top)), {}};
    for (int i = 0; i < kParts; ++i) {
      const std::string d = at(top) + "/" + numbered("dir", i);
      make_directory(d);
      make_directory(d + "/deeper");
      for (const char* f : {"/inside", "/secret", "/deeper/inside"}) write_text(d + f, text);
      write_text(at(top) + "/" + numbered("file", i), text);
      parts.directories.push_back(open_directory(d));
    }
    return parts;
  }

  // What takes their places: links to what is outside.
  void make_evil_links() const {
    for (int i = 0; i < kParts; ++i) {
      link_to(at("outside"), at("evil/") + numbered("dir", i));
      link_to(at("outside/inside"), at("evil/") + numbered("file", i));
      link_to(at("outside/deeper"), at("evil/deep/") + numbered("deeper", i));
    }
  }

  size_t swap_parts(const Parts& parts, int evil, int evil_deep, bool files) const {
    size_t swaps = 0;
    for (int i = 0; i < kParts; ++i) {
      const std::string d = numbered("dir", i);
      const std::string f = numbered("file", i);
      swaps += exchange(parts.top.get(), d.c_str(), evil, d.c_str()) ? 1 : 0;
      swaps +=
          exchange(parts.directories[i].get(), "deeper", evil_deep, numbered("deeper", i).c_str())
              ? 1
              : 0;
      if (!files) continue;
      // A copy may have replaced it.
      if (!is_link(parts.top.get(), f) && !is_link(evil, f)) {
        unlinkat(evil, f.c_str(), 0);
        (void)!symlinkat(at("outside/inside").c_str(), evil, f.c_str());
      }
      swaps += exchange(parts.top.get(), f.c_str(), evil, f.c_str()) ? 1 : 0;
    }
    return swaps;
  }

  // All that the kernel notes when somebody reads or writes there.
  std::string outside() const {
    std::string text;
    for (const char* name : kOutside) {
      struct stat st {};
      if (lstat(at(name).c_str(), &st) != 0) throw ScratchError::of_errno("look at a canary");
      text += std::string(name) + " " + std::to_string(st.st_size) + " read " +
              time_text(st.st_atim) + " changed " + time_text(st.st_ctim) + "\n";
    }
    return text;
  }
  void expect_outside_untouched() { EXPECT_EQ(outside(), before_); }

  // Copies, each to another name, until there have been enough swaps.
  void copy_while_swapped(const Swapper& swapper, const std::function<void(int)>& copy) {
    const auto least = static_cast<int>(scaled(100, 12, 4));
    for (int i = 0; i < least || swapper.swaps() < kAttempts; ++i) {
      copy(i);
      ASSERT_FALSE(HasFailure());
    }
  }

  static constexpr const char* kOutside[] = {"outside", "outside/inside", "outside/secret",
                                             "outside/deeper", "outside/deeper/inside"};
  static constexpr const char* kCanaries[] = {"outside/inside", "outside/secret",
                                              "outside/deeper/inside"};
  std::string top_;
  std::string before_;
  TreeRun run_;
};

constexpr FsKind kFileSystems[] = {FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs};
INSTANTIATE_TEST_SUITE_P(Fs, SwapTest, ::testing::ValuesIn(kFileSystems),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// Every file below that is no link holds `text`: nothing of it came from elsewhere, or is there in part.
void expect_all_files_hold(const std::string& directory, const std::string& text) {
  for (const std::string& name : names_in(directory)) {
    const std::string path = directory + "/" + name;
    struct stat st {};
    ASSERT_EQ(lstat(path.c_str(), &st), 0) << path;
    if (S_ISDIR(st.st_mode)) expect_all_files_hold(path, text);
    if (S_ISREG(st.st_mode)) {
      EXPECT_EQ(read_text(path), text) << path;
    }
  }
}

TEST_P(SwapTest, LinksThatComeIntoTheSourceAreNotFollowed) {
  const Parts parts = make_parts("work/source", "inside");
  make_evil_links();
  const Fd evil = open_directory(at("evil"));
  const Fd evil_deep = open_directory(at("evil/deep"));
  const Swapper swapper(
      [&](size_t) { return swap_parts(parts, evil.get(), evil_deep.get(), true); });
  copy_while_swapped(swapper, [&](int i) {
    const std::string to = at("work/copy" + std::to_string(i));
    TreeOptions options = archive();
    options.durability = Durability::none;
    run_.copy({{at("work/source"), to}}, options);
    expect_all_files_hold(to, "inside");
    // What was one thing when it was looked at and another when it was opened is missing, and told of.
    // Btrfs lists nothing that came after the directory was opened, so that it may list nothing at all.
    if (GetParam() == FsKind::btrfs) return;
    EXPECT_GE(names_in(to).size() + run_.told.troubles.size(), 2U * kParts)
        << ::testing::PrintToString(run_.told.lines);
  });
  expect_outside_untouched();
}

TEST_P(SwapTest, TheSourceItselfIsNotFollowedWhereLinksAreNot) {
  make_parts("work/source", "inside");
  link_to(at("outside"), at("evil/source"));
  const Fd work = open_directory(at("work"));
  const Fd evil = open_directory(at("evil"));
  const Swapper swapper([&](size_t) -> size_t {
    return exchange(work.get(), "source", evil.get(), "source") ? 1 : 0;
  });
  copy_while_swapped(swapper, [&](int i) {
    TreeOptions options = archive();
    options.durability = Durability::none;
    run_.copy({{at("work/source"), at("work/copy" + std::to_string(i))}}, options);
  });
  expect_outside_untouched();
}

struct Manner {
  bool in_place = false;
  Durability durability = Durability::ordered;
  Overwrite overwrite = Overwrite::always;
  Backup backup = Backup::none;
  bool remove = false;
  Form form = Form::copy;
};

TEST_P(SwapTest, LinksThatComeIntoTheDestinationAreNotWrittenThrough) {
  make_parts("work/source", "new text");
  const Parts parts = make_parts("work/to", "old");
  make_evil_links();
  const Fd evil = open_directory(at("evil"));
  const Fd evil_deep = open_directory(at("evil/deep"));
  // Into a file that is a link when it is looked at, copying in place writes on purpose, as cp does: it comes first, while there
  // are no such links.
  for (const Manner& way :
       {Manner{.in_place = true, .durability = Durability::none}, Manner{},
        Manner{.overwrite = Overwrite::if_differs}, Manner{.backup = Backup::numbered},
        Manner{.remove = true}, Manner{.form = Form::attributes_only}}) {
    const Swapper swapper(
        [&](size_t) { return swap_parts(parts, evil.get(), evil_deep.get(), !way.in_place); });
    copy_while_swapped(swapper, [&](int) {
      TreeOptions options = archive();
      options.in_place = way.in_place;
      options.durability = way.durability;
      options.overwrite = way.overwrite;
      options.backup = way.backup;
      options.remove_destination = way.remove;
      options.form = way.form;
      options.jobs = 2;
      run_.copy({{at("work/source"), at("work/to")}}, options);
    });
  }
  expect_outside_untouched();
}

// Whoever may write to the directory of a new tree may exchange what is being built there.
TEST_P(SwapTest, ANewTreeIsNotBuiltThroughALink) {
  make_parts("work/source", "inside");
  make_directory(at("work/to"));
  make_directory(at("evil/away"));
  const std::string to = at("work/to");
  const std::string away = at("evil/away/");
  auto swapper = std::make_unique<Swapper>([&](size_t turn) {
    size_t swaps = 0;
    for (const std::string& name : names_in(to)) {
      if (!is_private_name(name)) continue;
      const std::string path = to + "/" + name;
      if (rename(path.c_str(), (away + name + std::to_string(turn)).c_str()) != 0) continue;
      if (symlink(at("outside").c_str(), path.c_str()) == 0) ++swaps;
    }
    return swaps;
  });
  std::set<std::string> complete;
  for (size_t i = 0; i < scaled(400, 50, 10); ++i) {
    const std::string name = "copy" + std::to_string(i);
    if (run_.copy({{at("work/source"), to + "/" + name}}, archive())) complete.insert(name);
  }
  EXPECT_GT(swapper->swaps(), 0U);
  swapper.reset();
  expect_outside_untouched();
  for (const std::string& name : names_in(to)) {
    struct stat st {};
    ASSERT_EQ(lstat((to + "/" + name).c_str(), &st), 0);
    EXPECT_TRUE(!complete.contains(name) || S_ISDIR(st.st_mode)) << name;
  }
}

// Nothing waits for a pipe that was a file, and what is copied is one or the other.
TEST_P(SwapTest, TypesMayChangeAtAnyMoment) {
  make_directory(at("work/source"));
  for (int i = 0; i < kParts; ++i) {
    write_text(at("work/source/") + numbered("file", i), "inside");
    ASSERT_EQ(mkfifo((at("evil/") + numbered("file", i)).c_str(), 0600), 0);
    make_directory(at("work/source/") + numbered("dir", i));
    write_text(at("work/source/") + numbered("dir", i) + "/file", "inside");
    write_text(at("evil/") + numbered("dir", i), "inside");
    write_text(at("work/source/") + numbered("gone", i), "inside");
  }
  const Fd source = open_directory(at("work/source"));
  const Fd evil = open_directory(at("evil"));
  const Swapper swapper([&](size_t turn) {
    size_t swaps = 0;
    const int from = turn % 2 == 0 ? source.get() : evil.get();
    const int to = turn % 2 == 0 ? evil.get() : source.get();
    for (int i = 0; i < kParts; ++i) {
      for (const char* kind : {"file", "dir"}) {
        const std::string name = numbered(kind, i);
        swaps += exchange(source.get(), name.c_str(), evil.get(), name.c_str()) ? 1 : 0;
      }
      const std::string name = numbered("gone", i);
      swaps += renameat(from, name.c_str(), to, name.c_str()) == 0 ? 1 : 0;
    }
    return swaps;
  });
  copy_while_swapped(swapper, [&](int i) {
    const std::string to = at("work/copy" + std::to_string(i));
    TreeOptions options = archive();
    options.durability = Durability::none;
    const bool ok = run_.copy({{at("work/source"), to}}, options);
    expect_all_files_hold(to, "inside");
    EXPECT_TRUE(ok || !run_.told.troubles.empty());
  });
}

}  // namespace
}  // namespace libcopyfile::test
