// One unit's reservations, initiators that use them, and the bytes of PERSISTENT RESERVE OUT and IN.
#pragma once

#include <gtest/gtest.h>

#include "target/reservations.h"

namespace libcopyfile::test {

using target::Nexus;
using target::NexusId;
using target::Outcome;
using target::Status;

// The values of SPC-4, so that a test doesn't take the enumerations of the code at their word.
enum Action : uint8_t {
  kRegister,
  kReserve,
  kRelease,
  kClear,
  kPreempt,
  kPreemptAndAbort,
  kRegisterAndIgnore,
  kMove
};
enum In : uint8_t { kReadKeys, kReadReservation, kReportCapabilities, kReadFullStatus };
inline constexpr std::array<uint8_t, 6> kAllTypes{1, 3, 5, 6, 7, 8};
enum Type : uint8_t { kWe = 1, kEa = 3, kWeRo = 5, kEaRo = 6, kWeAr = 7, kEaAr = 8 };

inline constexpr wire::SenseCode kReservationsPreempted{wire::SenseKey::unit_attention, 0x2a, 3};
inline constexpr wire::SenseCode kReservationsReleased{wire::SenseKey::unit_attention, 0x2a, 4};
inline constexpr wire::SenseCode kRegistrationsPreempted{wire::SenseKey::unit_attention, 0x2a, 5};

struct OutOptions {
  uint8_t type = 0;
  uint8_t scope = 0;
  uint64_t key = 0, action_key = 0;
  uint8_t flags = 0;   // byte 20: 8 SPEC_I_PT, 4 ALL_TG_PT, 1 APTPL
  wire::Bytes behind;  // byte 24 on
};
inline constexpr uint8_t kAptpl = 1, kAllTgPt = 4, kSpecIPt = 8;

struct OutCommand {
  wire::Bytes cdb, list;
};
OutCommand out_command(Action action, const OutOptions& options);
// REGISTER AND MOVE: byte 17 holds UNREG (2) and APTPL (1).
OutCommand move_command(uint64_t key, uint64_t action_key, const wire::Bytes& to, uint16_t port = 1,
                        uint8_t flags = 0);
// An iSCSI TransportID of format 01b, or of 00b without an ISID, as an initiator would write it.
wire::Bytes transport_id(const std::string& name, const std::string& isid);
// With the length in front of it, as SPEC_I_PT wants them.
wire::Bytes port_list(const std::vector<wire::Bytes>& ids);

struct KeysRead {
  uint32_t generation = 0;
  std::vector<uint64_t> keys;
};

class ReservationBench : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void restart() { start(path_); }
  void start(const std::string& path);

  // Number 0: "iqn.2026-01.example:host0" with ISID 0x00023d000000.
  Nexus nexus(unsigned number, uint16_t port = 1) const;
  void open(const Nexus& nexus);
  void close(const Nexus& nexus);

  Outcome out(const Nexus& nexus, const OutCommand& command);
  Outcome out(const Nexus& nexus, Action action, const OutOptions& options);
  Outcome join(const Nexus& nexus, uint64_t key, uint8_t flags = 0);
  Outcome reserve(const Nexus& nexus, uint64_t key, uint8_t type);

  wire::Bytes in(In what);
  KeysRead keys();
  // The type in force and its key; nothing where nobody has reserved.
  std::optional<std::pair<uint8_t, uint64_t>> reservation();
  bool may(const Nexus& nexus, target::Need need) const;
  std::vector<wire::SenseCode> told(const Nexus& nexus);
  std::vector<NexusId> take_preempted() { return std::exchange(preempted_, {}); }

  std::string path_;
  std::unique_ptr<target::UnitAttentions> attentions_;
  std::unique_ptr<target::Reservations> reservations_;

 private:
  std::map<NexusId, Nexus> open_;
  std::vector<NexusId> preempted_;
};

#define EXPECT_CONFLICT(call) EXPECT_EQ((call).status, Status::reservation_conflict)
#define EXPECT_GOOD(call) EXPECT_EQ((call).status, Status::good)
#define EXPECT_REFUSED(call, key, asc, ascq)                                   \
  do {                                                                         \
    const Outcome refused_ = (call);                                           \
    EXPECT_EQ(refused_.status, Status::check_condition);                       \
    EXPECT_EQ(refused_.sense.code,                                             \
              (wire::SenseCode{static_cast<wire::SenseKey>(key), asc, ascq})); \
  } while (false)

}  // namespace libcopyfile::test
