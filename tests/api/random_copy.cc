#include "random_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "testing/scratch_error.h"
#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kBlock = 4096;

Layout random_file(std::mt19937_64& random) {
  // Mostly a few hundred KiB, sometimes some MiB: both below and above what is one buffer.
  const uint64_t size = choose(random, uint64_t{1} << (10 + choose(random, 13)));
  const uint64_t granule = choose(random, 3) == 0 ? 1 + choose(random, 3000) : kBlock;
  Layout layout = random_layout(random(), size, granule);
  return layout;
}

uint64_t size_of(const Layout& layout) { return layout.empty() ? 0 : layout.back().range.end; }

uint64_t random_offset(std::mt19937_64& random, uint64_t size) {
  const uint64_t offset = choose(random, size + size / 8 + 1);
  return choose(random, 2) == 0 ? align_down(offset, kBlock) : offset;
}

uint64_t random_length(std::mt19937_64& random, uint64_t size) {
  const uint64_t length = choose(random, uint64_t{1} << choose(random, 22));
  const uint64_t cut = std::min(length, size);
  return choose(random, 3) == 0 ? align_down(cut, kBlock) : cut;
}

// Destinations behind one another with gaps, so that most vectors are right; then some are spoilt.
std::vector<CopyRange> random_ranges(std::mt19937_64& random, uint64_t in_size, bool same_file) {
  std::vector<CopyRange> ranges;
  uint64_t out = choose(random, 2) == 0 ? 0 : random_offset(random, 100'000);
  if (same_file && choose(random, 8) != 0) out += align_up(in_size, kBlock) + choose(random, 2);
  for (uint64_t n = choose(random, choose(random, 20) == 0 ? 300 : 9); n > 0; --n) {
    CopyRange r{random_offset(random, in_size), out, random_length(random, in_size)};
    if (!ranges.empty() && choose(random, 3) == 0) r.in = ranges.back().in + ranges.back().length;
    // Aligned together, so that there is something to share.
    if (choose(random, 2) == 0) r.in = align_down(r.in, kBlock) + r.out % kBlock;
    // In one file nothing may be read that is written.
    if (same_file && choose(random, 8) != 0)
      r.length = std::min(r.length, in_size - std::min(in_size, r.in));
    ranges.push_back(r);
    out += r.length + (choose(random, 2) == 0 ? 0 : random_offset(random, 20'000));
  }
  if (!ranges.empty() && choose(random, 12) == 0) {
    CopyRange& victim = ranges[choose(random, ranges.size())];
    switch (choose(random, 4)) {
      case 0: victim.length = kMaxOffset; break;
      case 1:
        victim.out = kMaxOffset - 1;
        victim.length = 2;
        break;
      case 2: victim.out = ranges[choose(random, ranges.size())].out; break;
      case 3: victim.in = UINT64_MAX - choose(random, 10); break;
    }
  }
  for (size_t i = ranges.size(); i > 1; --i) std::swap(ranges[i - 1], ranges[choose(random, i)]);
  return ranges;
}

void write_data(int fd, const Layout& layout) {
  std::vector<std::byte> bytes;
  for (const Island& island : layout) {
    if (island.content != Content::data) continue;
    bytes.resize(island.range.length());
    fill_stamped(bytes, 1, island.range.begin);
    if (pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(island.range.begin)) !=
        static_cast<ssize_t>(bytes.size())) {
      throw ScratchError::of_errno("write test data");
    }
  }
}

void sync_file(int fd) {
  if (fsync(fd) != 0) throw ScratchError::of_errno("sync test data");
}

// What is data in the end is preallocated at first.
Fd make_over_unwritten(const std::string& path, const Layout& layout) {
  Layout first = layout;
  for (Island& i : first) {
    if (i.content == Content::data) i.content = Content::unwritten;
  }
  Fd fd = make_file(path, first, 1);
  sync_file(fd.get());
  write_data(fd.get(), layout);
  return fd;
}

// Some other data at first, shared with another file; and where data goes now there was none in places.
Fd make_over_shared(const std::string& directory, const Layout& layout) {
  Layout first = layout;
  for (Island& i : first) {
    if (i.content == Content::data && i.range.begin / kBlock % 2 == 1) i.content = Content::hole;
  }
  const Fd original = make_file(directory + "/original", first, 9);
  sync_file(original.get());
  Fd fd = make_file(directory + "/source", first, 9);
  // Where nothing can be shared it is overwritten data.
  if (ioctl(fd.get(), FICLONE, original.get()) != 0 && errno != EOPNOTSUPP && errno != ENOTTY &&
      errno != EINVAL) {
    throw ScratchError::of_errno("share test data");
  }
  sync_file(fd.get());
  write_data(fd.get(), layout);
  return fd;
}

}  // namespace

RandomCopy random_copy(std::mt19937_64& random) {
  RandomCopy copy;
  copy.files.source = random_file(random);
  copy.files.state = static_cast<State>(choose(random, 4));
  copy.files.same_file = choose(random, 6) == 0;
  if (!copy.files.same_file && choose(random, 4) != 0) copy.files.old = random_file(random);
  copy.ranges = random_ranges(random, size_of(copy.files.source), copy.files.same_file);
  return copy;
}

Expected expected_of(const RandomCopy& copy, const Oracle& source, const Oracle& old) {
  Expected e;
  e.out = copy.files.same_file ? source : old;
  e.copied.assign(copy.ranges.size(), 0);
  for (const CopyRange& r : copy.ranges) {
    if (!Range::at(r.in, r.length) || !Range::at(r.out, r.length)) e.error = EOVERFLOW;
  }
  for (size_t i = 0; e.error == 0 && i < copy.ranges.size(); ++i) {
    const Range out = copy.ranges[i].destination();
    for (size_t j = 0; j < copy.ranges.size(); ++j) {
      const bool clash = (i != j && out.overlaps(copy.ranges[j].destination())) ||
                         (copy.files.same_file && out.overlaps(copy.ranges[j].source()));
      if (clash) e.error = EINVAL;
    }
  }
  if (e.error != 0) return e;
  for (size_t i = 0; i < copy.ranges.size(); ++i) {
    e.copied[i] = e.out.copy(source, copy.ranges[i]);
    e.total += e.copied[i];
    e.short_source = e.short_source || e.copied[i] < copy.ranges[i].length;
  }
  return e;
}

Fd make_source(const std::string& directory, const RandomFiles& files) {
  const std::string path = directory + "/source";
  switch (files.state) {
    case State::over_unwritten: return make_over_unwritten(path, files.source);
    case State::over_shared: return make_over_shared(directory, files.source);
    case State::clean:
    case State::dirty: break;
  }
  Fd fd = make_file(path, files.source, 1);
  if (files.state == State::clean) sync_file(fd.get());
  return fd;
}

std::string describe(const RandomCopy& copy) {
  constexpr const char* kStates[] = {"clean", "dirty", "dirty over unwritten", "dirty over shared"};
  std::string text = std::string(kStates[static_cast<size_t>(copy.files.state)]) + " source of " +
                     std::to_string(size_of(copy.files.source)) + " bytes in " +
                     std::to_string(copy.files.source.size()) + " islands";
  text += copy.files.same_file ? ", to itself" : ", to " + std::to_string(size_of(copy.files.old));
  text += ", " + std::to_string(copy.ranges.size()) + " ranges:";
  for (size_t i = 0; i < copy.ranges.size() && i < 20; ++i) {
    const CopyRange& r = copy.ranges[i];
    text +=
        " " + std::to_string(r.in) + ":" + std::to_string(r.out) + ":" + std::to_string(r.length);
  }
  return text;
}

}  // namespace libcopyfile::test
