// Reading, writing and what else is done to the bytes of one image.
#include <algorithm>
#include <array>

#include "sys/transfer.h"
#include "target/image_file.h"

namespace libcopyfile::target {
namespace {

constexpr std::array<std::byte, size_t{64} << 10> kZeros{};

// EAGAIN where it would have waited, or where the file system can't tell, which is remembered in `tells`.
Error would_wait(Error error, std::atomic<bool>& tells) {
  if (!is_not_supported(error.code) && error.code != EINVAL) return error;
  tells.store(false, std::memory_order_relaxed);
  error.code = EAGAIN;
  return error;
}

Error at_write(Error error) {
  error.op = Op::write;
  return error;
}

}  // namespace

Done ImageFile::check(uint64_t offset, uint64_t length, bool change) const {
  const std::optional<Range> range = Range::at(offset, length);
  const Op op = change ? Op::write : Op::read;
  if (!range || range->end > info().size) return fail(EINVAL, op);
  if (change && info().read_only) return fail(EROFS, op);
  return {};
}

Done ImageFile::read(uint64_t offset, std::span<uint8_t> into, MayBlock may) {
  if (Done ok = check(offset, into.size(), false); !ok) return ok;
  const bool waits = may == MayBlock::yes;
  if (!waits && !reads_tell_.load(std::memory_order_relaxed)) return fail(EAGAIN, Op::read);
  const Result<size_t> n = read_full(files(), parts_.file.get(), std::as_writable_bytes(into),
                                     offset, waits ? Cache::keep : Cache::resident);
  if (!n) return fail(waits ? n.error() : would_wait(n.error(), reads_tell_));
  // Somebody has cut the file off.
  if (*n < into.size()) return fail(EIO, Op::read, Range{offset + *n, offset + into.size()});
  return {};
}

Done ImageFile::write(uint64_t offset, std::span<const uint8_t> data, MayBlock may) {
  if (Done ok = check(offset, data.size(), true); !ok) return ok;
  size_t written = 0;
  if (may == MayBlock::no) {
    if (parts_.write_through || !writes_tell_.load(std::memory_order_relaxed)) {
      return fail(EAGAIN, Op::write);
    }
    const Done done = write_all(files(), parts_.file.get(), std::as_bytes(data), offset, &written,
                                Cache::resident);
    return done ? done : fail(would_wait(done.error(), writes_tell_));
  }
  if (parts_.write_through && group_flush_.failed()) return fail(EIO, Op::write);
  return write_all(files(), parts_.file.get(), std::as_bytes(data), offset, &written,
                   parts_.write_through ? Cache::through : Cache::keep);
}

Done ImageFile::flush() {
  if (!parts_.stable.valid()) return {};
  return group_flush_.flush([&] {
    return retry_interrupted([&] { return files().sync(parts_.stable.get(), Sync::data); });
  });
}

Done ImageFile::settle(Done done) {
  if (!done || !parts_.write_through) return done;
  return flush();
}

Done ImageFile::zero(Range range, bool unmap) {
  if (Done ok = check(range.begin, range.length(), true); !ok) return ok;
  if (range.empty()) return {};
  const Allocate how = unmap ? Allocate::punch : Allocate::zero_range;
  const Done done =
      retry_interrupted([&] { return files().allocate(parts_.file.get(), how, range); });
  if (done) return settle(done);
  const int code = done.error().code;
  if (!is_not_supported(code) && code != EINVAL && code != EPERM) {
    return fail(at_write(done.error()));
  }
  return settle(write_zeros(range));
}

Done ImageFile::write_zeros(Range range) {
  for (uint64_t at = range.begin; at < range.end;) {
    const size_t n = std::min<uint64_t>(kZeros.size(), range.end - at);
    size_t written = 0;
    const Done done =
        write_all(files(), parts_.file.get(), std::span(kZeros).first(n), at, &written);
    if (!done) return done;
    at += n;
  }
  return {};
}

Done ImageFile::prefetch(Range range) {
  if (Done ok = check(range.begin, range.length(), false); !ok) return ok;
  // Advice: whether it is followed is nobody's business.
  if (!range.empty()) (void)files().advise(parts_.file.get(), range, Advice::will_need);
  return {};
}

Result<Image::Run> ImageFile::run_at(uint64_t offset, uint64_t until) {
  if (offset >= until) return Run{until, true};
  if (Done ok = check(offset, until - offset, false); !ok) return fail(ok.error());
  const int fd = parts_.file.get();
  const Result<uint64_t> data =
      retry_interrupted([&] { return files().seek(fd, offset, Seek::data); });
  if (!data) {
    if (data.error().code == ENXIO) return Run{until, false};  // no data from here on
    if (is_not_supported(data.error().code) || data.error().code == EINVAL) return Run{until, true};
    return fail(Error{data.error().code, Op::read, {}, {offset, until}});
  }
  if (*data > offset) return Run{std::min(*data, until), false};
  const Result<uint64_t> hole =
      retry_interrupted([&] { return files().seek(fd, offset, Seek::hole); });
  if (!hole) return fail(Error{hole.error().code, Op::read, {}, {offset, until}});
  return Run{std::clamp(*hole, offset + 1, until), true};
}

}  // namespace libcopyfile::target
