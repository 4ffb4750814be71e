// Verifying, repairing, collecting and exporting: what is damaged is found, healed from elsewhere, and never returned.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "fixture.h"
#include "store/checked_vfs.h"
#include "store/export.h"
#include "store/gc.h"
#include "store/repair.h"
#include "store/usage.h"
#include "sys/lock_file.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using namespace store;

class StoreKeep : public StoreTest {
 protected:
  std::vector<Finding> verify_all(VerifyOptions options = {}) {
    Repository repository = open();
    std::vector<Finding> findings;
    const Result<VerifyReport> report =
        verify(repository, options, [&](const Finding& f) { findings.push_back(f); });
    EXPECT_TRUE(report) << report.error().message();
    if (report) report_ = *report;
    return findings;
  }
  VerifyReport report_;
};

class StoreReadOnly : public StoreTest {};

TEST_P(StoreKeep, VerifyingReadsAllAndFindsNothingWhereNothingIsWrong) {
  {
    Repository repository = open();
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE(add_text(repository, std::string(5000, 'a') + std::to_string(i)));
  }
  EXPECT_TRUE(verify_all().empty());
  EXPECT_EQ(report_.blobs, 20U);
  EXPECT_TRUE(report_.complete);
  VerifyOptions medium;
  medium.medium = true;
  EXPECT_TRUE(verify_all(medium).empty());
  VerifyOptions none;
  none.sample = 0;
  EXPECT_TRUE(verify_all(none).empty());
  EXPECT_EQ(report_.passed_over, 20U);
}

TEST_P(StoreKeep, AFlippedBitOfABlobIsFoundQuarantinedAndHealed) {
  const std::string text(70000, 't');
  Digest digest;
  {
    Repository repository = open();
    digest = add_text(repository, text, "some/name")->digest;
    ASSERT_TRUE(add_text(repository, "another", "other"));
  }
  std::mt19937_64 random(7);
  for (int round = 0; round < 10; ++round) {
    flip_bit(blob(digest), random() % (text.size() * 8));
    const std::vector<Finding> findings = verify_all();
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].fault, Fault::wrong_bytes);
    EXPECT_EQ(findings[0].digest, digest);
    EXPECT_TRUE(findings[0].quarantined);
    EXPECT_EQ(findings[0].names, std::vector<std::string>{"some/name"});
    Repository repository = open();
    int code = 0;
    got(repository, "some/name", &code);
    EXPECT_EQ(code, ENOENT);
    ASSERT_EQ(verify_all().front().fault, Fault::missing);
    ::mkdir(at("elsewhere").c_str(), 0755);
    write_text(at("elsewhere/copy"), text);
    const Fd from(::open(at("elsewhere").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Result<RepairReport> healed = repair(repository, from.get(), "elsewhere", {}, {});
    ASSERT_TRUE(healed) << healed.error().message();
    EXPECT_EQ(healed->healed, 1U);
    EXPECT_EQ(got(repository, "some/name"), text);
    EXPECT_TRUE(verify_all().empty());
  }
}

TEST_P(StoreKeep, AnotherRepositoryHealsAndWrongBytesDoNot) {
  Repository repository = open();
  const Digest digest = add_text(repository, "precious", "p")->digest;
  ASSERT_TRUE(Repository::create(shop_.environment, kCurrentDirectory, at("other"), {}));
  const std::string theirs = at("other/blobs/sha256/" + digest.hex());
  const Fd from(::open(at("other").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::unlink(blob(digest).c_str()), 0);
  write_text(theirs, "perverse");
  Result<RepairReport> report = repair(repository, from.get(), "other", {}, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->healed, 0U);
  EXPECT_EQ(report->wanted, 1U);
  write_text(theirs, "precious");
  report = repair(repository, from.get(), "other", {}, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->healed, 1U);
  EXPECT_EQ(got(repository, "p"), "precious");
}

TEST_P(StoreKeep, AnyFlippedBitOfTheIndexIsFoundAndPutRight) {
  {
    Repository repository = open();
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(add_text(repository, "content " + std::to_string(i), "name" + std::to_string(i)));
    }
  }
  const std::string path = at("repo/index.sqlite");
  const std::string good = read_text(path);
  std::mt19937_64 random(11);
  // Thousands are tried by test_repository; here a page is put right on each file system.
  for (int round = 0; round < 6; ++round) {
    flip_bit(path, random() % (good.size() * 8));
    bool found = false;
    for (const Finding& f : verify_all()) found = found || f.fault == Fault::index_damaged;
    EXPECT_TRUE(found) << round;
    Repository repository = open();
    const Result<RepairReport> report = repair_index(repository);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->pages, 1U);
    EXPECT_EQ(read_text(path), good);
  }
}

TEST_P(StoreKeep, AnIndexThatIsGoneOrRuinedIsMadeAnewFromTheBlobs) {
  Digest digest;
  {
    Repository repository = open();
    digest = add_text(repository, "here", "name")->digest;
  }
  for (const std::string& ruin : {std::string(), std::string(20000, 'r')}) {
    ASSERT_EQ(::unlink(at("repo/index.sqlite").c_str()), 0);
    if (!ruin.empty()) write_text(at("repo/index.sqlite"), ruin);
    Repository repository = open();
    EXPECT_FALSE(repository.index());
    const Result<RepairReport> report = repair_index(repository);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_TRUE(report->index_rebuilt);
    EXPECT_EQ(got(repository, digest.text()), "here");
    const Result<GcReport> collected = collect(repository, {});
    ASSERT_TRUE(collected);
    EXPECT_EQ(collected->blobs, 0U) << "what nobody names any more is kept";
  }
}

TEST_P(StoreKeep, NamesOutsideTheDamageAreSavedAndOthersComeFromTheOtherRepository) {
  constexpr int kNames = 300;
  ASSERT_TRUE(Repository::create(shop_.environment, kCurrentDirectory, at("other"), {}));
  {
    Repository repository = open();
    Result<Repository> other =
        Repository::open(shop_.environment, kCurrentDirectory, at("other"), Use::write);
    ASSERT_TRUE(other);
    const Digest digest = add_text(repository, "shared")->digest;
    ASSERT_TRUE(add_text(*other, "shared"));
    for (Repository* const r : {&repository, &*other}) {
      std::vector<NameRecord> names;
      for (int i = 0; i < kNames; ++i) {
        names.push_back({"a-rather-long-name-" + std::to_string(i), digest, 6, {}, {}, 1});
      }
      ASSERT_TRUE((*r->index())->add({{}, names, false}));
    }
  }
  const std::string path = at("repo/index.sqlite");
  // Two bits in a page with names in it: nothing that a checksum could put right.
  const std::string good = read_text(path);
  const size_t in_page = good.find("a-rather-long-name-150");
  ASSERT_NE(in_page, std::string::npos);
  flip_bit(path, in_page * 8);
  flip_bit(path, in_page * 8 + 77);
  Repository repository = open();
  const Fd from(::open(at("other").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Result<RepairReport> report = repair(repository, from.get(), "other", {}, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->index_rebuilt);
  EXPECT_GT(report->names_found, 0U);
  EXPECT_LT(report->names_found, kNames / 2) << "most were to be read still";
  EXPECT_EQ(*(*repository.index())->count_names(), uint64_t{kNames});
  EXPECT_EQ(got(repository, "a-rather-long-name-0"), "shared");
}

TEST_P(StoreKeep, ADamagedFormatFileIsRefusedAndRestored) {
  flip_bit(at("repo/format"), 130);
  EXPECT_EQ(code_of(Repository::open(shop_.environment, kCurrentDirectory, at("repo"), Use::read)),
            EBADMSG);
  const Result<Repository> restored =
      Repository::open_damaged(shop_.environment, kCurrentDirectory, at("repo"));
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(restored->format().members, Members::readers);
  open();
}

TEST_P(StoreKeep, AnInterruptedVerificationGoesOnWhereItStopped) {
  {
    Repository repository = open();
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(add_text(repository, "text " + std::to_string(i)));
  }
  VerifyOptions options;
  options.workers = 1;
  int calls = 0;
  options.control.progress = [&](const Progress&) { return ++calls < 10; };
  EXPECT_TRUE(verify_all(options).empty());
  EXPECT_FALSE(report_.complete);
  const uint64_t first = report_.blobs;
  EXPECT_GT(first, 2U);
  VerifyOptions rest;
  rest.resume = true;
  verify_all(rest);
  EXPECT_TRUE(report_.complete);
  EXPECT_EQ(report_.passed_over, first);
  EXPECT_EQ(report_.blobs, 30 - first);
  verify_all(rest);
  EXPECT_EQ(report_.blobs, 30U);
}

TEST_P(StoreKeep, CollectingRemovesWhatHasNoNameAndIsNotKept) {
  Repository repository = open();
  const Digest kept = add_text(repository, "kept")->digest;
  const Digest named = add_text(repository, "named", "n")->digest;
  const Digest dropped = add_text(repository, "dropped", "d")->digest;
  ASSERT_TRUE(repository.remove_name("d"));
  EXPECT_EQ(code_of(repository.remove_name("d")), ENOENT);
  GcOptions dry;
  dry.dry_run = true;
  EXPECT_EQ(collect(repository, dry)->blobs, 1U);
  GcOptions later;
  later.grace_seconds = 3600;
  EXPECT_EQ(collect(repository, later)->blobs, 0U);
  const Result<OpenBlob> reader =
      open_checked(repository, Reference(dropped), SealTrust::own, [](uint64_t) { return true; });
  ASSERT_TRUE(reader);
  EXPECT_EQ(collect(repository, {})->blobs, 1U);
  EXPECT_FALSE(*repository.has(dropped));
  EXPECT_EQ(read_text("/proc/self/fd/" + std::to_string(reader->fd.get())), "dropped");
  ASSERT_TRUE(repository.keep(kept, false));
  EXPECT_EQ(collect(repository, {})->blobs, 1U);
  EXPECT_TRUE(*repository.has(named));
  EXPECT_TRUE(verify_all().empty());
}

TEST_P(StoreKeep, CollectingWaitsForWhoAddsAndGivesUp) {
  Repository repository = open();
  ASSERT_TRUE(add_text(repository, "dropped", "d"));
  ASSERT_TRUE(repository.remove_name("d"));
  const Repository adder = open();
  const Result<HeldLock> lock = HeldLock::take(adder.content_lock(), LockMode::shared);
  ASSERT_TRUE(lock);
  GcOptions options;
  options.wait_seconds = 0.05;
  EXPECT_EQ(code_of(collect(repository, options)), EBUSY);
}

TEST_P(StoreKeep, WhatACrashLeftIsSwept) {
  ::mkdir(at("repo/pending/.copyfile-0123456789abcdef.part").c_str(), 0700);
  write_text(at("repo/pending/.copyfile-0123456789abcdef.part/0"), "half");
  Repository repository = open();
  EXPECT_EQ(usage(repository, false)->pending, 1U);
  EXPECT_EQ(collect(repository, {})->pending, 1U);
  EXPECT_TRUE(names_in(at("repo/pending")).empty());
}

TEST_P(StoreReadOnly, ReadingNeedsNoPermissionToWrite) {
  ScratchFs fs = ScratchFs::xfs();
  ASSERT_TRUE(Repository::create(shop_.environment, kCurrentDirectory, fs.file("r"), {}));
  {
    Result<Repository> repository =
        Repository::open(shop_.environment, kCurrentDirectory, fs.file("r"), Use::write);
    ASSERT_TRUE(repository);
    ASSERT_TRUE(add_text(*repository, "read only", "name"));
  }
  fs.set_read_only(true);
  EXPECT_EQ(
      code_of(Repository::open(shop_.environment, kCurrentDirectory, fs.file("r"), Use::write)),
      EROFS);
  Result<Repository> repository =
      Repository::open(shop_.environment, kCurrentDirectory, fs.file("r"), Use::read);
  ASSERT_TRUE(repository) << repository.error().message();
  EXPECT_EQ(got(*repository, "name"), "read only");
  const Result<VerifyReport> report =
      verify(*repository, {}, [](const Finding& f) { ADD_FAILURE() << name_of(f.fault); });
  ASSERT_TRUE(report);
  EXPECT_EQ(code_of(repository->remove_name("name")), EROFS);
  EXPECT_EQ(code_of(add_text(*repository, "more")), EROFS);
}

TEST_P(StoreKeep, PermissionsAreThoseOfTheFormatWhateverTheUmask) {
  const mode_t before = ::umask(077);
  ASSERT_TRUE(Repository::create(shop_.environment, kCurrentDirectory, at("shared"),
                                 {kFormatVersion, Members::group}));
  Digest digest;
  {
    Result<Repository> repository =
        Repository::open(shop_.environment, kCurrentDirectory, at("shared"), Use::write);
    ASSERT_TRUE(repository);
    digest = add_text(*repository, "ours", "name")->digest;
  }
  ::umask(before);
  const auto mode = [&](const std::string& name) {
    struct stat now {};
    EXPECT_EQ(::stat(at("shared/" + name).c_str(), &now), 0) << name;
    return now.st_mode & 07777;
  };
  EXPECT_EQ(mode("."), 02770U);
  EXPECT_EQ(mode("blobs/sha256"), 02770U);
  EXPECT_EQ(mode("blobs/sha256/" + digest.hex()), 0440U);
  EXPECT_EQ(mode("index.sqlite"), 0660U);
  EXPECT_EQ(mode("index.sqlite-journal"), 0660U);
  EXPECT_EQ(mode("lock"), 0660U);
}

TEST_P(StoreKeep, ATreeIsExportedAsItWasAdded) {
  Repository repository = open();
  write_text(at("source-file"), "b", 0640);
  const timespec times[2] = {{1000, 5}, {2000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("source-file").c_str(), times, 0), 0);
  AddSource source;
  source.dir = kCurrentDirectory;
  source.path = at("source-file");
  source.name = "dir/sub/b";
  ASSERT_TRUE(add_one(repository, source, {}));
  ASSERT_TRUE(add_text(repository, "a", "a"));
  ExportOptions options;
  options.creation_mask = 022;
  const Result<ExportReport> report =
      export_tree(repository, kCurrentDirectory, at("exported"), options);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->files, 2U);
  EXPECT_EQ(read_text(at("exported/a")), "a");
  EXPECT_EQ(read_text(at("exported/dir/sub/b")), "b");
  struct stat now {};
  ASSERT_EQ(::stat(at("exported/dir/sub/b").c_str(), &now), 0);
  EXPECT_EQ(now.st_mtim.tv_sec, 2000);
  EXPECT_EQ(now.st_mode & 07777, 0640U);
  EXPECT_EQ(now.st_nlink, 1U);
  EXPECT_EQ(code_of(export_tree(repository, kCurrentDirectory, at("exported"), options)), EEXIST);
  std::string sums;
  ASSERT_TRUE(export_sums(repository, "dir", [&](std::string_view line) {
    sums += line;
    return true;
  }));
  EXPECT_EQ(sums, digest_of("b").hex() + "  dir/sub/b\n");
}

TEST_P(StoreKeep, AnArchiveIsReadByTarAndADamagedOneIsNotEnded) {
  Repository repository = open();
  const std::string long_name = std::string(90, 'd') + "/" + std::string(90, 'f');
  const Digest digest = add_text(repository, std::string(100000, 'z'), long_name)->digest;
  ASSERT_TRUE(add_text(repository, "short", "s\xc3\xa4"));
  const auto archive = [&] {
    const Fd out(::open(at("a.tar").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    return export_tar(repository, out.get(), {});
  };
  ASSERT_TRUE(archive());
  ::mkdir(at("x").c_str(), 0755);
  ASSERT_EQ(std::system(("tar -xf " + at("a.tar") + " -C " + at("x")).c_str()), 0);
  EXPECT_EQ(read_text(at("x/" + long_name)), std::string(100000, 'z'));
  EXPECT_EQ(read_text(at("x/s\xc3\xa4")), "short");
  flip_bit(blob(digest), 99);
  EXPECT_EQ(code_of(archive()), EBADMSG);
}

INSTANTIATE_TEST_SUITE_P(On, StoreKeep,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs),
                         [](const auto& p) { return std::string(name_of(p.param)); });

INSTANTIATE_TEST_SUITE_P(On, StoreReadOnly, ::testing::Values(FsKind::xfs),
                         [](const auto& p) { return std::string(name_of(p.param)); });

TEST(StorePage, OneWrongBitIsPutRightTwoAreNot) {
  std::array<std::byte, kPageSize> page{};
  for (size_t i = 0; i < page.size(); ++i) page[i] = static_cast<std::byte>(i * 7);
  seal_page(3, page);
  EXPECT_TRUE(is_good_page(3, page));
  EXPECT_FALSE(is_good_page(4, page)) << "a page in the wrong place";
  auto bad = page;
  bad[100] ^= std::byte{4};
  EXPECT_FALSE(is_good_page(3, bad));
  EXPECT_TRUE(correct_page(3, bad));
  EXPECT_EQ(bad, page);
  bad[kPageSize - 1] ^= std::byte{128};
  EXPECT_TRUE(correct_page(3, bad));
  bad[0] ^= std::byte{1};
  bad[1] ^= std::byte{1};
  EXPECT_FALSE(correct_page(3, bad));
}

}  // namespace
}  // namespace libcopyfile::test
