// The rows of the commands of SBC-3 that concern blocks. What a reservation allows is from SBC-3 table 13.
#include "target/block_handlers.h"

namespace libcopyfile::target {
namespace {

using Usage = std::array<uint8_t, 16>;

// RDPROTECT and WRPROTECT are left out: there is no protection information, so that values other than 0 are refused. FUA_NV, bit 1,
// is obsolete, and of SBC-2.
constexpr uint8_t kDpoFua = 0x1a, kDpo = 0x10, kBytchk = 0x06, kImmed = 0x02;
constexpr uint8_t kGroup = 0x1f;    // GROUP NUMBER: taken, and of no consequence (GROUP_SUP is 0)
constexpr uint8_t kControl = 0x04;  // NACA

constexpr Usage of_6(uint8_t opcode) { return {opcode, 0x1f, 0xff, 0xff, 0xff, kControl}; }
constexpr Usage of_10(uint8_t opcode, uint8_t flags) {
  return {opcode, flags, 0xff, 0xff, 0xff, 0xff, kGroup, 0xff, 0xff, kControl};
}
constexpr Usage of_12(uint8_t opcode, uint8_t flags) {
  return {opcode, flags, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, kGroup, kControl};
}
constexpr Usage of_16(uint8_t opcode, uint8_t flags) {
  return {opcode, flags, 0xff, 0xff, 0xff, 0xff, 0xff,   0xff,
          0xff,   0xff,  0xff, 0xff, 0xff, 0xff, kGroup, kControl};
}
constexpr Usage kCompareAndWrite{0x89, kDpoFua, 0xff, 0xff, 0xff, 0xff, 0xff,   0xff,
                                 0xff, 0xff,    0,    0,    0,    0xff, kGroup, kControl};
constexpr Usage kGetLbaStatusUsage{0x9e, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,    kControl};
constexpr Usage kUnmapUsage{0x42, 0, 0, 0, 0, 0, kGroup, 0xff, 0xff, kControl};

constexpr Command row(std::string_view name, uint8_t length, const Usage& usage, Need need,
                      Handler run) {
  return {.opcode = usage[0],
          .length = length,
          .usage = usage,
          .name = name,
          .need = need,
          .where = Where::io,
          .run = run};
}

constexpr Command kGetLbaStatus{.opcode = 0x9e,
                                .service_action = 0x12,
                                .length = 16,
                                .usage = kGetLbaStatusUsage,
                                .name = "GET LBA STATUS",
                                .need = Need::reading,
                                .where = Where::io,
                                .run = get_lba_status};

constexpr Command kCommands[] = {
    row("READ(6)", 6, of_6(0x08), Need::reading, read_blocks),
    row("READ(10)", 10, of_10(0x28, kDpoFua), Need::reading, read_blocks),
    row("READ(12)", 12, of_12(0xa8, kDpoFua), Need::reading, read_blocks),
    row("READ(16)", 16, of_16(0x88, kDpoFua), Need::reading, read_blocks),
    row("WRITE(6)", 6, of_6(0x0a), Need::writing, write_blocks),
    row("WRITE(10)", 10, of_10(0x2a, kDpoFua), Need::writing, write_blocks),
    row("WRITE(12)", 12, of_12(0xaa, kDpoFua), Need::writing, write_blocks),
    row("WRITE(16)", 16, of_16(0x8a, kDpoFua), Need::writing, write_blocks),
    row("WRITE AND VERIFY(10)", 10, of_10(0x2e, kDpo | kBytchk), Need::writing, write_and_verify),
    row("WRITE AND VERIFY(12)", 12, of_12(0xae, kDpo | kBytchk), Need::writing, write_and_verify),
    row("WRITE AND VERIFY(16)", 16, of_16(0x8e, kDpo | kBytchk), Need::writing, write_and_verify),
    row("VERIFY(10)", 10, of_10(0x2f, kDpo | kBytchk), Need::reading, verify_blocks),
    row("VERIFY(12)", 12, of_12(0xaf, kDpo | kBytchk), Need::reading, verify_blocks),
    row("VERIFY(16)", 16, of_16(0x8f, kDpo | kBytchk), Need::reading, verify_blocks),
    row("ORWRITE(16)", 16, of_16(0x8b, kDpoFua), Need::writing, or_write),
    row("COMPARE AND WRITE", 16, kCompareAndWrite, Need::writing, compare_and_write),
    row("PRE-FETCH(10)", 10, of_10(0x34, kImmed), Need::reading, prefetch_blocks),
    row("PRE-FETCH(16)", 16, of_16(0x90, kImmed), Need::reading, prefetch_blocks),
    // SYNC_NV, bit 2, is obsolete, and of SBC-2.
    row("SYNCHRONIZE CACHE(10)", 10, of_10(0x35, 0x06), Need::writing, synchronize_cache),
    row("SYNCHRONIZE CACHE(16)", 16, of_16(0x91, 0x06), Need::writing, synchronize_cache),
    // UNMAP, and NDOB of the long one; ANCHOR is refused: there are no anchored blocks.
    row("WRITE SAME(10)", 10, of_10(0x41, 0x08), Need::writing, write_same),
    row("WRITE SAME(16)", 16, of_16(0x93, 0x09), Need::writing, write_same),
    row("UNMAP", 10, kUnmapUsage, Need::writing, unmap),
    kGetLbaStatus,
};

}  // namespace

std::span<const Command> block_commands() { return kCommands; }

}  // namespace libcopyfile::target
