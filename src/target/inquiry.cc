// INQUIRY (SPC-4 6.6): standard data and pages of vital product data.
#include "target/block_limits.h"
#include "target/device.h"
#include "target/primary_handlers.h"

namespace libcopyfile::target {
namespace {

using wire::Bytes;

constexpr uint8_t kDisk = 0x00;
// SPC-4 table 142: qualifier 011b, device type 1Fh: the target can't have a unit under this number.
constexpr uint8_t kNoUnitQualifier = 3, kNoUnitType = 0x1f;

// Ascending, and 00h first: Windows switches off all of 8Fh, B0h, B1h and B2h where they are not.
constexpr uint8_t kPages[] = {wire::kPageSupported,       wire::kPageSerial,
                              wire::kPageIdentification,  wire::kPageExtendedInquiry,
                              wire::kPageThirdPartyCopy,  wire::kPageBlockLimits,
                              wire::kPageCharacteristics, wire::kPageProvisioning};

// SPC-4 table 143: SAM-5, SPC-4, SBC-3, iSCSI, each without a version of the document.
constexpr uint16_t kVersions[] = {0x00a0, 0x0460, 0x04c0, 0x0960};

Bytes standard_data(const Context& context) {
  const DeviceOptions& options = context.device.options();
  wire::StandardInquiry data;
  if (context.unit == nullptr) {
    data.qualifier = kNoUnitQualifier;
    data.device_type = kNoUnitType;
  }
  data.third_party_copy = true;
  data.target_port_groups = 1;
  // Numbers above 255 are given by the flat space method, which is part of the hierarchical model.
  const LunMap luns = context.device.units_of(context.nexus.id);
  data.hierarchical = !luns.empty() && luns.rbegin()->first > 255;
  data.vendor = options.vendor;
  data.product = options.product;
  data.revision = options.revision;
  data.versions.assign(std::begin(kVersions), std::end(kVersions));
  return encode(data);
}

// SPC-4 7.8.6.11: UTF-8, NUL at the end, padded to a multiple of four.
wire::Designator name_of_target(const std::string& name) {
  Bytes value(name.begin(), name.end());
  value.resize((value.size() + 4) / 4 * 4);
  return {3, 2, wire::DesignatorType::scsi_name, std::move(value)};
}

Bytes identification(const Context& context) {
  auto designators = context.unit->designators();
  const uint16_t port = context.nexus.relative_port;
  const Bytes relative = {0, 0, static_cast<uint8_t>(port >> 8), static_cast<uint8_t>(port)};
  designators.push_back({1, 1, wire::DesignatorType::relative_target_port, relative});
  designators.push_back({1, 1, wire::DesignatorType::target_port_group, Bytes{0, 0, 0, 1}});
  designators.push_back(name_of_target(context.device.options().name));
  return encode_identification(kDisk, designators);
}

Bytes extended_inquiry() {
  wire::ExtendedInquiry data;
  data.simple = data.ordered = data.head_of_queue = true;
  data.volatile_cache = true;
  data.max_sense = wire::kMaxSense;
  return encode(kDisk, data);
}

Bytes provisioning(const LogicalUnit& unit) {
  wire::Provisioning data;
  const bool thin = unit.options().thin;
  data.unmap = data.write_same_16 = data.write_same_10 = data.thin = thin;
  data.reads_zero = thin;
  return encode(kDisk, data);
}

std::optional<Bytes> page(const Context& context, uint8_t code) {
  const LogicalUnit& unit = *context.unit;
  switch (code) {
    case wire::kPageSupported:
      return wire::encode_supported_pages(kDisk, Bytes(std::begin(kPages), std::end(kPages)));
    case wire::kPageSerial: return wire::encode_serial(kDisk, unit.serial());
    case wire::kPageIdentification: return identification(context);
    case wire::kPageExtendedInquiry: return extended_inquiry();
    case wire::kPageThirdPartyCopy: return encode(kDisk, context.device.copies().page_for(unit));
    case wire::kPageBlockLimits: return encode(kDisk, block_limits(unit));
    // "Does not rotate": what guests do for disks that do is of no use to a file.
    case wire::kPageCharacteristics: return wire::encode_characteristics(kDisk, 1);
    case wire::kPageProvisioning: return provisioning(unit);
    default: return std::nullopt;
  }
}

}  // namespace

Handled inquiry(Context& context) {
  const wire::View cdb = context.cdb();
  const bool vital = cdb.bit(1, 0);
  const uint8_t code = cdb.u8(2);
  const uint16_t allocation_length = cdb.be16(3);
  if (!vital) {
    if (code != 0) return wrong_cdb_field(2);
    context.answer(standard_data(context), allocation_length);
    return Outcome::good();
  }
  // What is no unit has no product data.
  if (context.unit == nullptr) return wrong_cdb_field(1);
  const auto bytes = page(context, code);
  if (!bytes) return wrong_cdb_field(2);
  context.answer(*bytes, allocation_length);
  return Outcome::good();
}

}  // namespace libcopyfile::target
