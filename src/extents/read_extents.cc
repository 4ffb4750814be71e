#include "extents/read_extents.h"

#include <array>

#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// What a file system that has no such call answers: EINVAL (procfs, old FUSE), or one of is_not_supported().
bool is_refusal(int code) { return code == EINVAL || is_not_supported(code); }

// Unwritten extents, for gaps that ascend. One FIEMAP tells about hundreds of gaps: a file with 1,000 islands costs four
// calls, not 1,000. What it said may be old when a gap is looked up; SEEK, asked later, has said that the gap holds no data.
class UnwrittenExtents {
 public:
  UnwrittenExtents(Files& files, const ExtentQuery& query) : files_(files), query_(query) {}

  // Calls `add` for every unwritten part of `gap`, in order. None where the file system has no FIEMAP.
  template <class F>
  Done within(Range gap, F&& add) {
    uint64_t at = gap.begin;
    while (works_ && at < gap.end) {
      if (at < window_.begin || at >= window_.end) {
        if (Done ok = fetch(at); !ok) return ok;
        if (at >= window_.end) return {};  // no progress: the answers don't fit together
      }
      while (next_ < count_ && raw_[next_].logical.end <= at) ++next_;
      for (size_t i = next_; i < count_ && raw_[i].logical.begin < gap.end; ++i) {
        const Range part = raw_[i].logical.clipped({at, gap.end});
        if (!raw_[i].unwritten || part.empty()) continue;
        add(part);
        at = part.end;
      }
      at = std::max(at, std::min(gap.end, window_.end));
    }
    return {};
  }

 private:
  Done fetch(uint64_t at) {
    window_ = {at, at};
    next_ = count_ = 0;
    const Result<size_t> count = retry_interrupted([&] {
      return files_.extents(query_.fd, {at, query_.size}, false, raw_);
    });
    if (!count) {
      if (!is_refusal(count.error().code) && count.error().code != EPERM)
        return fail(count.error());
      works_ = false;
      return {};
    }
    count_ = *count;
    // Fewer than fit: there are no more.
    window_.end = count_ < raw_.size() ? query_.size : std::max(at, raw_[count_ - 1].logical.end);
    return {};
  }

  Files& files_;
  const ExtentQuery& query_;
  bool works_ = true;
  Range window_{0, 0};
  size_t count_ = 0;
  size_t next_ = 0;
  std::array<RawExtent, 256> raw_;
};

class SeekReader {
 public:
  SeekReader(Files& files, const ExtentQuery& query, ExtentMap& map)
      : files_(files), query_(query), map_(map), unwritten_(files, query) {}

  // Fills the map for `range`, which begins at or behind the end of the last one.
  Done read(Range range) {
    uint64_t at = range.begin;
    while (at < range.end) {
      if (Done ok = find_data(at); !ok) return ok;
      if (at < data_.begin) {
        const uint64_t end = std::min(data_.begin, range.end);
        if (Done ok = add_gap({at, end}); !ok) return ok;
        at = end;
      }
      if (at >= range.end) break;
      const uint64_t end = std::min(data_.end, range.end);
      map_.append({{at, end}, ExtentKind::data});
      at = end;
    }
    return {};
  }

 private:
  // Makes data_ the first data at or behind `at`; the one found last serves all ranges that lie in it or before it.
  Done find_data(uint64_t at) {
    if (at >= known_from_ && at < data_.end) return {};
    known_from_ = at;
    const Result<uint64_t> begin =
        retry_interrupted([&] { return files_.seek(query_.fd, at, Seek::data); });
    if (!begin) {
      if (begin.error().code == ENXIO) {  // no more data: the rest is a trailing hole
        data_ = {query_.size, query_.size + 1};
        return {};
      }
      if (!is_refusal(begin.error().code)) return fail(begin.error());
      data_ = {at, query_.size};
      return {};
    }
    // The file may change under us and servers have answered nonsense: an answer that goes backwards means data.
    const uint64_t from = std::max(*begin, at);
    const Result<uint64_t> end =
        retry_interrupted([&] { return files_.seek(query_.fd, from, Seek::hole); });
    uint64_t until = query_.size;
    if (end) {
      until = *end > from ? *end : query_.size;
    } else if (end.error().code != ENXIO && !is_refusal(end.error().code)) {
      return fail(end.error());
    }
    data_ = {from, std::max(until, from + 1)};
    return {};
  }

  // SEEK says that `gap` holds no data; FIEMAP tells which of it is preallocated.
  Done add_gap(Range gap) {
    uint64_t at = gap.begin;
    const Done ok = unwritten_.within(gap, [&](Range part) {
      if (at < part.begin) map_.append({{at, part.begin}, ExtentKind::hole});
      map_.append({part, ExtentKind::unwritten});
      at = part.end;
    });
    if (!ok) return ok;
    if (at < gap.end) map_.append({{at, gap.end}, ExtentKind::hole});
    return {};
  }

  Files& files_;
  const ExtentQuery& query_;
  ExtentMap& map_;
  Range data_{0, 0};
  uint64_t known_from_ = 0;
  UnwrittenExtents unwritten_;
};

class FiemapReader {
 public:
  FiemapReader(Files& files, const ExtentQuery& query, ExtentMap& map)
      : files_(files), query_(query), map_(map) {}

  Done read(Range range) {
    uint64_t at = range.begin;
    while (at < range.end) {
      if (at >= known_.begin && at < known_.end) {
        // Still inside what the last answer covers.
      } else if (Done ok = ask({at, query_.size}); !ok) {
        return ok;
      }
      const Range part = known_.clipped({at, range.end});
      map_.append({part, kind_});
      at = part.end;
    }
    return {};
  }

 private:
  // Makes known_ a range that begins at range.begin, with its kind.
  Done ask(Range range) {
    while (next_ < count_ && raw_[next_].logical.end <= range.begin) ++next_;
    if (next_ == count_ && !exhausted_) {
      const Result<size_t> count =
          retry_interrupted([&] { return files_.extents(query_.fd, range, synced_, raw_); });
      if (!count) {
        if (!is_refusal(count.error().code) && count.error().code != EPERM) {
          return fail(count.error());
        }
        known_ = range;
        kind_ = ExtentKind::data;
        return {};
      }
      next_ = 0;
      count_ = *count;
      exhausted_ = count_ < raw_.size();
      while (next_ < count_ && raw_[next_].logical.end <= range.begin) ++next_;
    }
    const bool found = next_ < count_ && raw_[next_].logical.begin <= range.begin;
    if ((!found || raw_[next_].unwritten) && !synced_) {
      // Dirty pages may lie over it, also over what is called a hole: XFS writes to a hole beside a shared extent live in
      // a copy-on-write reservation that FIEMAP does not show. Ask again with the data written back.
      synced_ = true;
      next_ = count_ = 0;
      exhausted_ = false;
      return ask(range);
    }
    if (found) {
      known_ = {range.begin, std::min(raw_[next_].logical.end, range.end)};
      kind_ = raw_[next_].unwritten ? ExtentKind::unwritten : ExtentKind::data;
    } else if (next_ < count_) {
      known_ = {range.begin, std::min(raw_[next_].logical.begin, range.end)};
      kind_ = ExtentKind::hole;
    } else {
      known_ = range;
      kind_ = exhausted_ ? ExtentKind::hole : ExtentKind::data;
    }
    return {};
  }

  Files& files_;
  const ExtentQuery& query_;
  ExtentMap& map_;
  std::array<RawExtent, 256> raw_;
  size_t next_ = 0;
  size_t count_ = 0;
  bool exhausted_ = false;
  bool synced_ = false;
  Range known_{0, 0};
  ExtentKind kind_ = ExtentKind::data;
};

template <class Reader>
Done read_all(Reader reader, uint64_t size, std::span<const Range> ranges) {
  for (const Range& r : ranges) {
    const Range part = r.clipped({0, size});
    if (part.empty()) continue;
    if (Done ok = reader.read(part); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<ExtentMap> read_extents(Files& files, const ExtentQuery& query,
                               std::span<const Range> ranges) {
  ExtentMap map;
  const Done ok = query.ours ? read_all(SeekReader(files, query, map), query.size, ranges)
                             : read_all(FiemapReader(files, query, map), query.size, ranges);
  if (!ok) return fail(ok.error());
  return map;
}

bool is_dense(Files& files, const ExtentQuery& query) {
  if (!query.ours || query.size == 0) return false;
  const auto found = [&](Seek what) {
    return retry_interrupted([&] { return files.seek(query.fd, 0, what); });
  };
  const Result<uint64_t> data = found(Seek::data);
  if (!data || *data != 0) return false;
  const Result<uint64_t> hole = found(Seek::hole);
  return hole && *hole >= query.size;
}

}  // namespace libcopyfile
