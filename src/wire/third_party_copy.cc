#include "wire/third_party_copy.h"

#include <algorithm>

#include "wire/vpd.h"

namespace libcopyfile::wire {
namespace {

constexpr uint16_t kTokenLimits = 0x0000;
constexpr uint16_t kCommands = 0x0001;
constexpr uint16_t kParameters = 0x0004;
constexpr uint16_t kDescriptors = 0x0008;
constexpr uint16_t kCscdIds = 0x000c;
constexpr uint16_t kRodFeatures = 0x0106;
constexpr uint16_t kRodTypes = 0x0108;
constexpr uint16_t kOperations = 0x8001;

constexpr size_t kRodTypeSize = 64;
constexpr size_t kRodFeaturesSize = 48;
constexpr size_t kRodBlockSize = 48;

// Appends a descriptor of `size` bytes, rounded up to four, and gives it to `fill` with offsets as the standard counts them.
template <class Fill>
void append(Bytes& page, uint16_t type, size_t size, Fill fill) {
  const size_t at = page.size();
  page.resize(at + (size + 3) / 4 * 4);
  const auto bytes = std::span(page).subspan(at);
  Writer out(bytes);
  out.be16(0, type);
  out.be16(2, static_cast<uint16_t>(bytes.size() - 4));
  fill(out);
}

void append_commands(Bytes& page, const std::vector<SupportedCommand>& commands) {
  Bytes list;
  for (const SupportedCommand& command : commands) {
    list.push_back(command.opcode);
    list.push_back(static_cast<uint8_t>(command.service_actions.size()));
    list.insert(list.end(), command.service_actions.begin(), command.service_actions.end());
  }
  append(page, kCommands, 5 + list.size(), [&](Writer& out) {
    out.u8(4, static_cast<uint8_t>(list.size()));
    out.bytes(5, list);
  });
}

void append_rod_features(Bytes& page, const RodFeatures& f) {
  const size_t block = f.block ? kRodBlockSize : 0;
  append(page, kRodFeatures, kRodFeaturesSize + block, [&](Writer& out) {
    out.u8(4, f.remote_tokens & 0x0f);
    out.be32(16, f.min_lifetime);
    out.be32(20, f.max_lifetime);
    out.be32(24, f.max_inactivity_timeout);
    out.be16(46, static_cast<uint16_t>(block));
    if (!f.block) return;
    out.be16(kRodFeaturesSize + 2, kRodBlockSize - 4);
    out.be16(kRodFeaturesSize + 6, f.block->granularity);
    out.be64(kRodFeaturesSize + 8, f.block->max_bytes);
    out.be64(kRodFeaturesSize + 16, f.block->optimal_bytes);
    out.be64(kRodFeaturesSize + 24, f.block->optimal_to_token);
    out.be64(kRodFeaturesSize + 32, f.block->optimal_from_token);
  });
}

void append_rod_types(Bytes& page, const std::vector<SupportedRodType>& types) {
  append(page, kRodTypes, 8 + types.size() * kRodTypeSize, [&](Writer& out) {
    out.be16(6, static_cast<uint16_t>(types.size() * kRodTypeSize));
    size_t at = 8;
    for (const SupportedRodType& type : types) {
      out.be32(at, static_cast<uint32_t>(type.type));
      out.u8(at + 4, static_cast<uint8_t>((type.internal ? 0x80 : 0) | (type.token_in ? 2 : 0) |
                                          (type.token_out ? 1 : 0)));
      out.be16(at + 6, type.preference);
      at += kRodTypeSize;
    }
  });
}

std::vector<SupportedCommand> get_commands(View d) {
  std::vector<SupportedCommand> commands;
  View list = d.part(5, d.u8(4));
  while (list.has(0, 2) && list.has(2, list.u8(1))) {
    commands.push_back({list.u8(0), list.part(2, list.u8(1)).copy()});
    list = list.from(size_t{2} + list.u8(1));
  }
  return commands;
}

RodFeatures get_rod_features(View d) {
  RodFeatures f{static_cast<uint8_t>(d.u8(4) & 0x0f), d.be32(16), d.be32(20), d.be32(24), {}};
  View records = d.part(kRodFeaturesSize, d.be16(46));
  while (records.has(0, 4)) {
    const size_t length = size_t{records.be16(2)} + 4;
    // Type and format 00h: a block device.
    if (records.u8(0) == 0 && records.has(0, 40)) {
      f.block = RodFeatures::Block{records.be16(6), records.be64(8), records.be64(16),
                                   records.be64(24), records.be64(32)};
    }
    records = records.from(length);
  }
  return f;
}

std::vector<SupportedRodType> get_rod_types(View d) {
  std::vector<SupportedRodType> types;
  View list = d.part(8, d.be16(6));
  while (list.has(0, kRodTypeSize)) {
    types.push_back({static_cast<RodType>(list.be32(0)), list.bit(4, 7), list.bit(4, 1),
                     list.bit(4, 0), list.be16(6)});
    list = list.from(kRodTypeSize);
  }
  return types;
}

void get_descriptor(View d, ThirdPartyCopy& page) {
  switch (d.be16(0)) {
    case kTokenLimits:
      page.tokens = TokenLimits{d.be16(10), d.be32(12), d.be32(16), d.be64(20), d.be64(28)};
      break;
    case kCommands: page.commands = get_commands(d); break;
    case kParameters:
      page.parameters = CopyParameters{d.be16(8), d.be16(10), d.be32(12), d.be32(16)};
      break;
    case kDescriptors: page.descriptor_types = d.part(5, d.u8(4)).copy(); break;
    case kCscdIds: {
      const View ids = d.part(6, d.be16(4));
      page.cscd_ids.clear();
      for (size_t at = 0; ids.has(at, 2); at += 2) page.cscd_ids.push_back(ids.be16(at));
      break;
    }
    case kRodFeatures: page.rod_features = get_rod_features(d); break;
    case kRodTypes: page.rod_types = get_rod_types(d); break;
    case kOperations:
      page.operations = GeneralOperations{d.be32(4), d.be32(8), d.be32(12), d.u8(16), d.u8(17)};
      break;
    default: break;
  }
}

}  // namespace

bool ThirdPartyCopy::supports(uint8_t opcode, uint8_t service_action) const {
  return std::any_of(commands.begin(), commands.end(), [&](const SupportedCommand& command) {
    const Bytes& actions = command.service_actions;
    return command.opcode == opcode &&
           std::find(actions.begin(), actions.end(), service_action) != actions.end();
  });
}

Bytes encode(uint8_t device_type, const ThirdPartyCopy& page) {
  Bytes body;
  if (page.tokens) {
    append(body, kTokenLimits, 36, [&](Writer& out) {
      out.be16(10, page.tokens->max_ranges);
      out.be32(12, page.tokens->max_inactivity_timeout);
      out.be32(16, page.tokens->default_inactivity_timeout);
      out.be64(20, page.tokens->max_transfer);
      out.be64(28, page.tokens->optimal_transfer);
    });
  }
  if (!page.commands.empty()) append_commands(body, page.commands);
  if (page.parameters) {
    append(body, kParameters, 32, [&](Writer& out) {
      out.be16(8, page.parameters->max_cscds);
      out.be16(10, page.parameters->max_segments);
      out.be32(12, page.parameters->max_descriptors_length);
      out.be32(16, page.parameters->max_inline_length);
    });
  }
  if (!page.descriptor_types.empty()) {
    append(body, kDescriptors, 5 + page.descriptor_types.size(), [&](Writer& out) {
      out.u8(4, static_cast<uint8_t>(page.descriptor_types.size()));
      out.bytes(5, page.descriptor_types);
    });
  }
  if (!page.cscd_ids.empty()) {
    append(body, kCscdIds, 6 + page.cscd_ids.size() * 2, [&](Writer& out) {
      out.be16(4, static_cast<uint16_t>(page.cscd_ids.size() * 2));
      for (size_t i = 0; i < page.cscd_ids.size(); ++i) out.be16(6 + i * 2, page.cscd_ids[i]);
    });
  }
  if (page.rod_features) append_rod_features(body, *page.rod_features);
  if (!page.rod_types.empty()) append_rod_types(body, page.rod_types);
  if (page.operations) {
    append(body, kOperations, 36, [&](Writer& out) {
      out.be32(4, page.operations->total_concurrent_copies);
      out.be32(8, page.operations->max_concurrent_copies);
      out.be32(12, page.operations->max_segment_length);
      out.u8(16, page.operations->segment_granularity);
      out.u8(17, page.operations->inline_granularity);
    });
  }
  return encode_page(device_type, kPageThirdPartyCopy, body);
}

std::optional<ThirdPartyCopy> decode_third_party_copy(View data) {
  const auto body = page_body(data, kPageThirdPartyCopy);
  if (!body) return std::nullopt;
  ThirdPartyCopy page;
  View rest = *body;
  while (rest.has(0, 4) && rest.has(4, rest.be16(2))) {
    const size_t length = size_t{rest.be16(2)} + 4;
    get_descriptor(rest.part(0, length), page);
    rest = rest.from(length);
  }
  return page;
}

}  // namespace libcopyfile::wire
