#include "mechanism/nvme_limits.h"

#include <algorithm>

namespace libcopyfile {
namespace {

using wire::CopyFormat;

tl::unexpected<Verdict> no(const char* reason, int code = EOPNOTSUPP) {
  return tl::unexpected(Verdict{Can::no, reason, code});
}

// Formats 1 and 3 have room for longer tags of protection information, which nobody here has; controllers want them for such
// namespaces only, so the shorter ones come first.
Negotiated<CopyFormat> format_for(const NvmeSides& sides, bool same) {
  const wire::ControllerCopy& controller = sides.out.controller;
  if (same) {
    for (const CopyFormat format : {CopyFormat::f0, CopyFormat::f1}) {
      if (controller.has(format)) return format;
    }
    return no("the controller knows none of the formats of ranges that are known here");
  }
  if (!sides.same_controller) return no("the namespaces are of different controllers", EXDEV);
  bool known = false;
  for (const CopyFormat format : {CopyFormat::f2, CopyFormat::f3}) {
    if (!controller.has(format)) continue;
    known = true;
    if ((sides.out.enabled_formats >> static_cast<unsigned>(format) & 1) != 0) return format;
  }
  return known ? no("copies between namespaces are not enabled at the controller", EXDEV)
               : no("the controller copies inside one namespace only", EXDEV);
}

}  // namespace

Negotiated<NvmeCopyLimits> negotiate_nvme_copy(const NvmeSides& sides, bool same) {
  const wire::NamespaceCopy& to = sides.out.space;
  for (const NvmeSpace* side : {&sides.in, &sides.out}) {
    if (side->space.protection || side->space.metadata_length != 0) {
      return no("the namespace keeps metadata with its blocks");
    }
  }
  if (sides.in.space.block_length != to.block_length) {
    return no("the namespaces have blocks of different sizes", EINVAL);
  }
  if (!sides.out.controller.copy) return no("the controller has no Copy command");
  const auto format = format_for(sides, same);
  if (!format) return tl::unexpected(format.error());
  if (to.max_range == 0 || to.max_total == 0) {
    return no("the namespace says that nothing can be copied to it");
  }
  NvmeCopyLimits limits;
  limits.block = to.block_length;
  limits.format = *format;
  limits.source_id = sides.in.id;
  limits.destination_id = sides.out.id;
  limits.ranges = to.max_ranges;
  limits.command_bytes = uint64_t{to.max_total} * to.block_length;
  limits.range_bytes = std::min(uint64_t{to.max_range} * to.block_length, limits.command_bytes);
  return limits;
}

}  // namespace libcopyfile
