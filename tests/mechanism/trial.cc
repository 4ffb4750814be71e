#include "trial.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "facts/read_facts.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

constexpr off_t kInPosition = 777;
constexpr off_t kOutPosition = 888;
constexpr uint64_t kBlock = 4096;

struct Plan4 {
  std::string layout;  // of the source
  uint64_t old_size;   // of the destination
  std::vector<CopyRange> ranges;
};

Plan4 plan_of(Shape shape, Size size) {
  if (shape == Shape::whole) {
    const uint64_t length = size == Size::small ? 9000 : 512288;
    return {size == Size::small ? "data 9000" : "data 100K, hole 60K, unwritten 100K, data 246048",
            0,
            {{0, 0, length}}};
  }
  if (size == Size::small) {
    const std::vector<CopyRange> small{{1, 100, 300}, {7000, 2000, 1}, {8000, 8900, 299}};
    if (shape == Shape::ragged) return {"data 12345", 9000, small};
    if (shape == Shape::zeros) return {"hole 12345", 9000, small};
    return {"data 40960", 20480, {{4096, 0, 4096}, {12288, 8192, 4096}, {0, 16384, 8192}}};
  }
  const std::vector<CopyRange> ragged{
      {5000, 1000, 70000}, {200000, 100000, 1}, {100003, 200007, 150000}, {400000, 420000, 112288}};
  if (shape == Shape::zeros) return {"hole 200K, unwritten 200K, hole 102688", 450000, ragged};
  const std::string islands = "data 100K, hole 60K, data 40K, unwritten 100K, data 205088";
  if (shape == Shape::ragged) return {islands, 450000, ragged};
  std::vector<CopyRange> aligned{{4096, 8192, 69632},
                                 {204800, 98304, 4096},
                                 {102400, 200704, 151552},
                                 {401408, 421888, 106496}};
  if (shape == Shape::aligned_end) aligned.back().length = 512288 - 401408;
  return {islands, 450000, aligned};
}

// Stamping takes longer than copying: each content is made once.
const std::vector<std::byte>& bytes_of(const std::string& layout, uint8_t file) {
  static std::map<std::pair<std::string, uint8_t>, std::vector<std::byte>> made;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const auto [found, is_new] = made.try_emplace({layout, file});
  std::vector<std::byte>& bytes = found->second;
  if (!is_new) return bytes;
  for (const Island& island : layout_of(layout)) {
    const Range r = island.range;
    bytes.resize(r.end);
    if (island.content == Content::data)
      fill_stamped(std::span(bytes).subspan(r.begin, r.length()), file, r.begin);
  }
  return bytes;
}

// Made anew: cutting an old file to nothing makes ext4 and XFS write it back when it is closed.
Fd fresh_file(const std::string& path, const std::string& layout,
              const std::vector<std::byte>& bytes) {
  unlink(path.c_str());
  Layout without_data = layout_of(layout);
  std::erase_if(without_data, [](const Island& i) { return i.content == Content::data; });
  Fd fd = make_file(path, without_data, 0);
  if (ftruncate(fd.get(), static_cast<off_t>(bytes.size())) != 0)
    throw ScratchError::of_errno("size " + path);
  for (const Island& island : layout_of(layout)) {
    const Range r = island.range;
    if (island.content == Content::data &&
        pwrite(fd.get(), bytes.data() + r.begin, r.length(), static_cast<off_t>(r.begin)) !=
            static_cast<ssize_t>(r.length())) {
      throw ScratchError::of_errno("write " + path);
    }
  }
  return fd;
}

size_t open_descriptors() {
  size_t count = 0;
  for (int fd = 0; fd < 128; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

const Catalogue& catalogue() {
  static const Catalogue all;
  return all;
}

}  // namespace

bool TestControl::moved(uint64_t bytes) {
  if (inside_.exchange(true)) overlapped_ = true;
  reported_ += bytes;
  largest_ = std::max(largest_, bytes);
  const bool go_on = calls_++ < stop_at_;
  inside_ = false;
  return go_on;
}

Trial::Trial(const Case& c, const std::string& directory, Size size) : subject_(*c.subject) {
  const Plan4 plan = plan_of(subject_.shape, size);
  const std::string& layout = plan.layout;
  const bool to_new = subject_.manner.out_is_new || plan.old_size == 0;
  const std::string old = to_new ? "" : "data " + std::to_string(plan.old_size);
  source_bytes_ = &bytes_of(layout, 1);
  old_bytes_ = &bytes_of(old, 2);
  ranges_ = plan.ranges;
  in_ = fresh_file(directory + "/source", layout, *source_bytes_);
  out_ = fresh_file(directory + "/out", old, *old_bytes_);
  system.fd_names.set(in_.get(), "source");
  system.fd_names.set(out_.get(), "out");
  KernelFiles files;
  const Result<SideFacts> in = read_side(files, in_.get(), true);
  const Result<SideFacts> out = read_side(files, out_.get(), true);
  if (!in || !out) throw ScratchError("cannot read the facts");
  facts_ = join_sides(*in, *out, subject_.manner.out_is_new);
}

const Moved& Trial::run() {
  const size_t before = open_descriptors();
  run_beside_others();
  EXPECT_EQ(open_descriptors(), before) << "descriptors were left open";
  return moved_;
}

const Moved& Trial::run_beside_others() {
  if (lseek(in_.get(), kInPosition, SEEK_SET) < 0 || lseek(out_.get(), kOutPosition, SEEK_SET) < 0)
    throw ScratchError::of_errno("set a position");
  Pair pair{system.files, in_.get(), out_.get(), facts_, control, subject_.manner};
  moved_ = catalogue().at(subject_.id).move(pair, ranges_);
  EXPECT_EQ(lseek(in_.get(), 0, SEEK_CUR), kInPosition);
  EXPECT_EQ(lseek(out_.get(), 0, SEEK_CUR), kOutPosition);
  return moved_;
}

std::vector<std::byte>& Trial::read_out(uint64_t& size) const {
  thread_local std::vector<std::byte> bytes;
  struct stat now {};
  if (fstat(out_.get(), &now) != 0) throw ScratchError::of_errno("stat the copy");
  size = static_cast<uint64_t>(now.st_size);
  bytes.resize(size);
  for (size_t at = 0; at < size;) {
    const ssize_t n = pread(out_.get(), bytes.data() + at, size - at, static_cast<off_t>(at));
    if (n <= 0) throw ScratchError::of_errno("read the copy");
    at += static_cast<size_t>(n);
  }
  for (const CopyRange& r : ranges_) bytes.resize(std::max<size_t>(bytes.size(), r.out + r.length));
  return bytes;
}

// Old bytes, over them whatever is there now in the destinations, and over that what is counted.
std::vector<std::byte>& Trial::expected(uint64_t counted, const std::vector<std::byte>& now) const {
  thread_local std::vector<std::byte> bytes;
  bytes = *old_bytes_;
  bytes.resize(now.size());
  const auto put = [](const std::vector<std::byte>& from, uint64_t at, uint64_t to, uint64_t n) {
    std::copy_n(from.begin() + static_cast<ptrdiff_t>(at), n,
                bytes.begin() + static_cast<ptrdiff_t>(to));
  };
  for (const CopyRange& r : ranges_) put(now, r.out, r.out, r.length);
  for (const CopyRange& r : ranges_) {
    const CopyRange part = r.part(0, counted);
    counted -= part.length;
    put(*source_bytes_, part.in, part.out, part.length);
  }
  return bytes;
}

void Trial::check_size(uint64_t size) const {
  uint64_t furthest = old_bytes_->size();
  uint64_t counted_to = old_bytes_->size();
  uint64_t left = moved_.bytes;
  for (const CopyRange& r : ranges_) {
    furthest = std::max(furthest, r.out + r.length);
    const CopyRange part = r.part(0, left);
    left -= part.length;
    if (part.length > 0) counted_to = std::max(counted_to, part.out + part.length);
  }
  EXPECT_LE(size, furthest) << "grew behind the last destination";
  EXPECT_GE(size, old_bytes_->size()) << "was cut";
  // Holes need no size: whoever asked for them sets it (engine/data_copy.cc).
  const bool may_end_in_hole = subject_.id == MechanismId::zero || subject_.manner.detect_zeros > 0;
  if (!may_end_in_hole) {
    EXPECT_GE(size, counted_to) << "counted bytes are not there";
  }
}

void Trial::check_meaning() const {
  EXPECT_LE(moved_.bytes, asked());
  EXPECT_LE(moved_.holes, moved_.bytes);
  EXPECT_FALSE(control.overlapped());
  EXPECT_LE(control.reported(), moved_.bytes);
  EXPECT_LE(control.largest_step(), subject_.largest_step * control.chunk());
  switch (moved_.stop) {
    case Stop::complete:
      EXPECT_EQ(moved_.bytes, asked());
      EXPECT_EQ(control.reported(), asked());
      break;
    case Stop::cancelled:
      EXPECT_TRUE(control.stopped());
      EXPECT_EQ(control.reported(), moved_.bytes);
      break;
    case Stop::declined:
      for (const int final_error : {EIO, ENOSPC, EDQUOT, ENOMEM}) {
        // Except for memory for a queue, before the first byte.
        if (final_error == ENOMEM && subject_.id == MechanismId::direct) continue;
        EXPECT_NE(moved_.error.code, final_error);
      }
      EXPECT_FALSE(moved_.error.where.empty()) << "no reason given";
      [[fallthrough]];
    case Stop::failed: EXPECT_NE(moved_.error.code, 0); break;
    case Stop::end_of_source: break;
  }
}

void Trial::check() {
  check_meaning();
  uint64_t size = 0;
  const std::vector<std::byte>& now = read_out(size);
  check_size(size);
  const std::vector<std::byte>& want = expected(moved_.bytes, now);
  if (want == now) return;
  const auto [w, g] = std::mismatch(want.begin(), want.end(), now.begin());
  const auto at = static_cast<size_t>(w - want.begin());
  const size_t n = std::min<size_t>(15, want.size() - at);
  ADD_FAILURE() << "at " << at << " of " << size << " with " << moved_.bytes
                << " bytes counted: should be " << identify({&*w, n}) << ", is "
                << identify({&*g, n});
}

void Trial::check_continuation() {
  KernelFiles files;
  TestControl quiet;
  Pair pair{files, in_.get(), out_.get(), facts_, quiet, {}};
  const std::vector<CopyRange> rest = remaining(ranges_, moved_.bytes);
  if (!rest.empty()) {
    const Moved more = catalogue().at(MechanismId::buffered).move(pair, rest);
    ASSERT_EQ(more.stop, Stop::complete) << more.error.message();
  }
  uint64_t size = 0;
  const std::vector<std::byte>& now = read_out(size);
  EXPECT_TRUE(now == expected(asked(), now))
      << "going on from " << moved_.bytes << " gave another copy";
}

}  // namespace libcopyfile::test
