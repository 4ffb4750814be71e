// What names a logical unit: a designator of VPD page 83h, which is also what a copy's source and destination are named by.
#pragma once

#include "wire/bytes.h"

namespace libcopyfile::wire {

enum class DesignatorType : uint8_t {
  vendor_specific = 0,
  t10_vendor = 1,
  eui64 = 2,
  naa = 3,
  relative_target_port = 4,
  target_port_group = 5,
  logical_unit_group = 6,
  md5 = 7,
  scsi_name = 8,
};

struct Designator {
  uint8_t code_set = 1;     // 1 binary, 2 ASCII, 3 UTF-8
  uint8_t association = 0;  // 0 the logical unit, 1 the target port, 2 the target device
  DesignatorType type = DesignatorType::naa;
  Bytes value;
  bool operator==(const Designator&) const = default;
};

}  // namespace libcopyfile::wire
