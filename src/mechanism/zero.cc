// What holds no data needs no copying: holes stay holes, preallocated space stays preallocated (SEEK_DATA calls both holes;
// the planner knows them apart).
#include "mechanism/mechanism.h"
#include "mechanism/zeros.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

class Zero final : public Mechanism {
 public:
  MechanismId id() const override { return MechanismId::zero; }

  Verdict can(const Facts& f) const override {
    if (f.out.kind == FileType::stream) return {Can::no, "a stream has no holes"};
    return {Can::yes, ""};
  }

  Moved move(Pair& pair, std::span<const CopyRange> ranges) const override {
    Moved result;
    for (const CopyRange& range : ranges) {
      for (uint64_t done = 0; done < range.length;) {
        const Range part = range.part(done, step(pair)).destination();
        uint64_t count = part.length();
        if (const Done ok = apply(pair, part, &count); !ok) {
          result.bytes += count;
          result.stop = Stop::failed;
          result.error = ok.error();
          return result;
        }
        done += part.length();
        result.bytes += part.length();
        if (pair.manner.zero != Manner::Zero::write) result.holes += part.length();
        if (!pair.control.moved(part.length())) {
          result.stop = Stop::cancelled;
          return result;
        }
      }
    }
    return result;
  }

 private:
  // Zeros that are written take time, so they go in chunks; a hole of any size is one call.
  static uint64_t step(const Pair& pair) {
    if (pair.manner.zero != Manner::Zero::write) return kMaxOffset;
    return std::max<uint64_t>(1, std::min<uint64_t>(pair.control.chunk(), 8 << 20));
  }

  static Done apply(Pair& pair, Range range, uint64_t* count) {
    switch (pair.manner.zero) {
      case Manner::Zero::write: return write_zeros(pair, range, count);
      case Manner::Zero::hole: *count = 0; return make_hole(pair, range);
      case Manner::Zero::reserve: *count = 0; return reserve(pair, range);
    }
    return {};
  }

  static Done reserve(Pair& pair, Range range) {
    if (Done ok = make_hole(pair, range); !ok) return ok;
    const Done ok =
        retry_interrupted([&] { return pair.files.allocate(pair.out, Allocate::reserve, range); });
    // A file system that cannot preallocate holds the same bytes without it.
    if (!ok && !is_not_supported(ok.error().code) && ok.error().code != EINVAL) return ok;
    return {};
  }
};

}  // namespace

std::unique_ptr<Mechanism> make_zero() { return std::make_unique<Zero>(); }

}  // namespace libcopyfile
