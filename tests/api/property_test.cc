// Random vectors against a byte-by-byte oracle, on every file system, through the C interface (a caller's descriptors) and
// through the engine (our own descriptors, every option).
//
// COPYFILE_PROPERTY_ROUNDS multiplies the rounds; COPYFILE_PROPERTY_SEED begins elsewhere. A failure names the seed of its
// round: COPYFILE_PROPERTY_SEED=N COPYFILE_PROPERTY_ROUNDS=0 repeats exactly that one.
#include <copyfile/copyfile.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "engine/range_job.h"
#include "random_copy.h"
#include "sys/kernel_files.h"
#include "testing/inspect.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kBlock = 4096;
// The sanitizers look at the same code ten times as slowly, and find in the first rounds what they can find.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kRounds = 50;
#else
constexpr uint64_t kRounds = 200;
#endif

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

// A POSIX record lock of this process, and whether it is still there: a lock of an open file description conflicts with
// it even within one process.
class RecordLock {
 public:
  RecordLock(int fd, const std::string& path) : probe_(open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    struct flock lock = whole(F_WRLCK);
    if (fcntl(fd, F_SETLK, &lock) != 0) throw ScratchError::of_errno("lock " + path);
  }
  bool held() const {
    struct flock lock = whole(F_WRLCK);
    return fcntl(probe_.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
  }

 private:
  static struct flock whole(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
  }
  Fd probe_;
};

enum class Base : uint8_t { itself, ext4 };

struct Place {
  FsKind fs;
  Base base;

  std::string name() const {
    return std::string(name_of(fs)) + (base == Base::ext4 ? "_on_ext4" : "");
  }
};

std::ostream& operator<<(std::ostream& out, const Place& place) { return out << place.name(); }

std::vector<Place> places() {
  std::vector<Place> all;
  for (const FsKind fs : kAllFs) all.push_back({fs, Base::itself});  // the overlay stands on XFS
  all.push_back({FsKind::overlay, Base::ext4});
  return all;
}

class Property : public ::testing::TestWithParam<Place> {
 protected:
  Property() {
    if (GetParam().base == Base::ext4) {
      overlay_ = std::make_unique<ScratchFs>(ScratchFs::overlay(shared_fs(FsKind::ext4)));
      directory_ = overlay_->path();
    } else {
      directory_ = test_directory(GetParam().fs);
    }
  }

  // Makes the files of a round and knows what must come of it.
  void prepare(uint64_t seed) {
    random_.seed(seed);
    copy_ = random_copy(random_);
    for (const char* name : {"/source", "/original", "/out"}) unlink((directory_ + name).c_str());
    in_ = make_source(directory_, copy_.files);
    source_ = oracle_of(copy_.files.source, 1);
    out_path_ = directory_ + (copy_.files.same_file ? "/source" : "/out");
    old_ = copy_.files.same_file ? source_ : oracle_of(copy_.files.old, 2);
    out_ = copy_.files.same_file ? Fd(open(out_path_.c_str(), O_RDWR | O_CLOEXEC))
                                 : make_file(out_path_, copy_.files.old, 2);
    if (!out_.valid()) throw ScratchError::of_errno("open " + out_path_);
    expected_ = expected_of(copy_, source_, old_);
  }

  void expect_contents(const Oracle& out) {
    EXPECT_TRUE(holds(out_.get(), out));
    if (!copy_.files.same_file) {
      EXPECT_TRUE(holds(in_.get(), source_)) << "of the source";
    }
  }

  bool has_fiemap() const {
    return GetParam().fs != FsKind::tmpfs && GetParam().fs != FsKind::fuse &&
           !is_refused("no-fiemap");
  }
  // tmpfs calls preallocated pages data once a neighbour in the same folio has been written.
  bool holes_told_exactly() const {
    const auto unwritten = [](const Island& i) { return i.content == Content::unwritten; };
    return GetParam().fs != FsKind::tmpfs ||
           (copy_.files.state != State::over_unwritten &&
            std::none_of(copy_.files.source.begin(), copy_.files.source.end(), unwritten) &&
            std::none_of(copy_.files.old.begin(), copy_.files.old.end(), unwritten));
  }
  // Whether the request is one for which holes are looked for (plan/cost.h).
  bool looks_for_holes() const {
    uint64_t asked = 0;
    for (const CopyRange& r : copy_.ranges) asked += r.length;
    return asked > 64 << 10 && !is_refused("no-fallocate");
  }

  void expect_holes_kept();
  void expect_preallocation_kept();
  void c_round();
  void engine_round();

  template <class Round>
  void run_rounds(Round round) {
    const uint64_t first = from_environment("COPYFILE_PROPERTY_SEED", 1);
    const uint64_t factor = from_environment("COPYFILE_PROPERTY_ROUNDS", 1);
    // With system calls refused it runs once more for each profile.
    const uint64_t usual = std::getenv("REFUSED") != nullptr ? kRounds / 10 : kRounds;
    const uint64_t rounds = std::max<uint64_t>(1, usual * factor);
    std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(first + rounds - 1));
    for (uint64_t seed = first; seed < first + rounds; ++seed) {
      prepare(seed);
      SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(copy_));
      round();
      if (HasFailure()) return;
    }
  }

  std::unique_ptr<ScratchFs> overlay_;
  std::string directory_;
  std::mt19937_64 random_;
  RandomCopy copy_;
  Expected expected_;
  Oracle source_, old_;
  std::string out_path_;
  Fd in_, out_;
};

INSTANTIATE_TEST_SUITE_P(Fs, Property, ::testing::ValuesIn(places()),
                         [](const auto& i) { return i.param.name(); });

// Marks the blocks that `range` touches.
void mark(std::vector<bool>& blocks, Range range) {
  for (uint64_t b = range.begin / kBlock; b * kBlock < range.end && b < blocks.size(); ++b) {
    blocks[b] = true;
  }
}

// Blocks of the destination that may hold data: old data that was not overwritten, data of the source where it was copied
// to, and blocks that an edge cuts.
std::vector<bool> data_blocks(const RandomCopy& copy, const std::vector<uint64_t>& copied,
                              uint64_t size) {
  std::vector<bool> blocks(size / kBlock + 1);
  const Layout& old = copy.files.same_file ? copy.files.source : copy.files.old;
  for (const Island& island : old) {
    if (island.content == Content::data) mark(blocks, island.range);
  }
  const uint64_t old_end = old.empty() ? 0 : old.back().range.end;
  for (size_t i = 0; i < copy.ranges.size(); ++i) {
    const Range out = copy.ranges[i].part(0, copied[i]).destination();
    for (uint64_t b = (out.begin + kBlock - 1) / kBlock; (b + 1) * kBlock <= out.end; ++b)
      blocks[b] = false;
  }
  // Btrfs writes the block in which a file ended that grows, also where that was a hole.
  if (old_end % kBlock != 0) mark(blocks, {old_end, old_end + 1});
  for (size_t i = 0; i < copy.ranges.size(); ++i) {
    const CopyRange r = copy.ranges[i].part(0, copied[i]);
    if (r.length == 0) continue;
    const uint64_t shift = r.out - r.in;  // may wrap, and wraps back
    const auto mark_edge = [&](uint64_t edge) {
      if (edge % kBlock != 0) mark(blocks, {edge, edge + 1});
    };
    for (const Island& island : copy.files.source) {
      // The file system keeps data in whole blocks, too.
      const Range in{align_down(island.range.begin, kBlock), align_up(island.range.end, kBlock)};
      const Range part = in.clipped(r.source());
      if (part.empty()) continue;
      if (island.content == Content::data) mark(blocks, {part.begin + shift, part.end + shift});
      // Punched in two halves, a block that held data stays.
      mark_edge(part.begin + shift);
      mark_edge(part.end + shift);
    }
  }
  return blocks;
}

void Property::expect_holes_kept() {
  const uint64_t size = expected_.out.size();
  // SEEK_DATA calls preallocated space data where its pages have been read.
  drop_cache(out_.get());
  const std::vector<bool> may_be_data = data_blocks(copy_, expected_.copied, size);
  for (const Range& data : seek_map(out_.get())) {
    for (uint64_t b = data.begin / kBlock; b * kBlock < data.end; ++b) {
      if (!may_be_data[b]) {
        ADD_FAILURE() << "the hole at " << b * kBlock << " has been filled";
        return;
      }
    }
  }
}

// Whole blocks that are preallocated in the source are so in the copy, or hold zeros.
void Property::expect_preallocation_kept() {
  const std::vector<FileExtent> extents = fiemap(out_.get());
  std::vector<bool> allocated(expected_.out.size() / kBlock + 1);
  for (const FileExtent& e : extents) mark(allocated, e.logical);
  for (size_t i = 0; i < copy_.ranges.size(); ++i) {
    const CopyRange r = copy_.ranges[i].part(0, expected_.copied[i]);
    for (const Island& island : copy_.files.source) {
      const Range part = island.range.clipped(r.source());
      if (island.content != Content::unwritten || part.empty()) continue;
      const uint64_t shift = r.out - r.in;
      for (uint64_t b = align_up(part.begin + shift, kBlock) / kBlock;
           (b + 1) * kBlock <= part.end + shift; ++b) {
        if (!allocated[b]) {
          ADD_FAILURE() << "preallocation was lost at " << b * kBlock;
          return;
        }
      }
    }
  }
}

void Property::c_round() {
  constexpr unsigned kFlags[] = {0,
                                 0,
                                 COPYFILE_NO_SHARE,
                                 COPYFILE_NO_CACHE,
                                 COPYFILE_EXACT,
                                 COPYFILE_NO_SHARE | COPYFILE_NO_CACHE};
  const unsigned flags = kFlags[choose(random_, std::size(kFlags))];
  const auto in_position = static_cast<off_t>(choose(random_, 100'000));
  const auto out_position = static_cast<off_t>(choose(random_, 100'000));
  ASSERT_EQ(lseek(in_.get(), in_position, SEEK_SET), in_position);
  ASSERT_EQ(lseek(out_.get(), out_position, SEEK_SET), out_position);
  const RecordLock out_lock(out_.get(), out_path_);
  const RecordLock in_lock(in_.get(), directory_ + "/source");

  std::vector<copyfile_range> ranges;
  for (const CopyRange& r : copy_.ranges) ranges.push_back({r.in, r.out, r.length, 12345});
  errno = 0;
  const ssize_t rc = copyfilev(out_.get(), in_.get(), ranges.data(), ranges.size(), flags);

  const bool refused = expected_.error != 0 || (flags == COPYFILE_EXACT && expected_.short_source);
  if (refused) {
    EXPECT_EQ(rc, -1);
    EXPECT_EQ(errno, expected_.error != 0 ? expected_.error : ENODATA);
  } else {
    EXPECT_EQ(rc, static_cast<ssize_t>(expected_.total)) << std::strerror(errno);
  }
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(ranges[i].copied, refused ? 0 : expected_.copied[i]) << "range " << i;
  }
  expect_contents(refused ? old_ : expected_.out);
  EXPECT_EQ(lseek(in_.get(), 0, SEEK_CUR), in_position);
  EXPECT_EQ(lseek(out_.get(), 0, SEEK_CUR), out_position);
  EXPECT_TRUE(out_lock.held()) << "a record lock was lost";
  EXPECT_TRUE(in_lock.held()) << "a record lock was lost";
  if (!refused && has_fiemap() && looks_for_holes()) {
    expect_holes_kept();
    // A clone on XFS leaves holes where its source is preallocated.
    if ((flags & COPYFILE_NO_SHARE) != 0) expect_preallocation_kept();
  }
}

DataOptions random_options(std::mt19937_64& random) {
  DataOptions o;
  o.sharing = static_cast<Sharing>(choose(random, 3));
  o.sparse =
      o.sharing == Sharing::always ? Sparse::automatic : static_cast<Sparse>(choose(random, 3));
  o.cache = static_cast<CachePolicy>(choose(random, 3));
  o.offload = choose(random, 8) == 0 ? Offload::always : Offload::automatic;
  o.will_sync = choose(random, 2) == 0;
  return o;
}

// With our own descriptors there is direct I/O, and SEEK_DATA.
void Property::engine_round() {
  KernelFiles files;
  RangeJob job;
  job.in = in_.get();
  job.out = out_.get();
  job.ours = true;
  job.ranges = copy_.ranges;
  job.data = random_options(random_);
  RangeReport report;
  const Done ok = copy_ranges(files, Catalogue(), nullptr, job, report);
  const bool may_refuse =
      job.data.sharing == Sharing::always || job.data.offload == Offload::always;
  if (!ok) {
    const int code = ok.error().code;
    if (expected_.error != 0) {
      EXPECT_EQ(code, expected_.error);
    } else {
      EXPECT_TRUE(may_refuse) << ok.error().message();
      EXPECT_TRUE(code == EOPNOTSUPP || code == EXDEV || code == EINVAL || code == ENOTTY)
          << ok.error().message();
    }
    EXPECT_EQ(report.data.copied, 0U);
    expect_contents(old_);
    return;
  }
  EXPECT_EQ(expected_.error, 0);
  EXPECT_EQ(report.data.copied, expected_.total);
  EXPECT_EQ(report.data.end_of_source, expected_.short_source);
  uint64_t by_mechanism = 0;
  for (const uint64_t bytes : report.data.bytes_by) by_mechanism += bytes;
  EXPECT_EQ(by_mechanism, expected_.total) << "every byte is accounted to a mechanism";
  if (job.data.sharing == Sharing::never) {
    EXPECT_EQ(report.data.bytes_by[index_of(MechanismId::reflink)], 0U);
  }
  expect_contents(expected_.out);
  const bool holes_known =
      GetParam().fs != FsKind::fuse && holes_told_exactly() && !is_refused("no-seek-hole");
  if (holes_known && looks_for_holes() && job.data.sparse != Sparse::never) expect_holes_kept();
}

TEST_P(Property, VectorsOfACaller) {
  run_rounds([&] { c_round(); });
}

TEST_P(Property, EveryOptionOfTheEngine) {
  run_rounds([&] { engine_round(); });
}

}  // namespace
}  // namespace libcopyfile::test
