#include "facts/read_scsi_unit.h"

#include <algorithm>

#include "wire/cdb.h"

namespace libcopyfile {
namespace {

constexpr unsigned kTimeoutMs = 30'000;
constexpr unsigned kBusyDelayMs = 100;
// One for each of power on, changed parameters, changed LUNs, changed capacity..., and some that are busy.
constexpr int kTries = 10;
constexpr uint16_t kStandardLength = 96;
// Windows asks for no more of page 8Fh; others have more to say.
constexpr uint16_t kPageLength = 4096;
constexpr uint32_t kCapacityLength = 32;
// Many times that of any disk: buffers of a block or two are made without asking.
constexpr uint32_t kLargestBlock = 64 << 10;
// LIO refuses an allocation length below 54.
constexpr uint32_t kParametersLength = 512;

constexpr uint8_t kGood = 0x00;
constexpr uint8_t kCheckCondition = 0x02;
constexpr uint8_t kBusy = 0x08;
constexpr uint8_t kTaskSetFull = 0x28;

class Reader {
 public:
  Reader(ScsiQueue& queue, Unit unit) : queue_(queue), unit_(unit) {}

  Result<ScsiUnit> read() {
    const auto inquiry =
        ask(wire::encode(wire::InquiryCdb{std::nullopt, kStandardLength}), kStandardLength);
    if (!inquiry) return fail(inquiry.error());
    const auto standard = wire::decode_standard_inquiry(*inquiry);
    if (!standard) return fail(EPROTO, Op::offload, "the device does not say what it is");
    ScsiUnit unit;
    unit.inquiry = *standard;
    if (standard->qualifier != 0) return fail(ENODEV, Op::offload, "there is no logical unit");
    const auto capacity =
        ask(wire::encode(wire::ReadCapacityCdb{kCapacityLength}), kCapacityLength);
    if (!capacity) return fail(capacity.error());
    const auto size = wire::decode_capacity(*capacity);
    if (!size || size->block_length == 0 || size->last_lba >= kMaxOffset / size->block_length) {
      return fail(EPROTO, Op::offload, "the device does not say how large it is");
    }
    if (size->block_length > kLargestBlock) {
      return fail(EPROTO, Op::offload, "the device has blocks of a size that makes no sense");
    }
    unit.capacity = *size;
    read_pages(unit);
    // A failure is an answer, too: the device has no EXTENDED COPY, or does not say so.
    const wire::CopyInCdb cdb{wire::CopyIn::operating_parameters, 0, kParametersLength};
    if (const auto data = ask(wire::encode(cdb), kParametersLength)) {
      unit.copy_parameters = wire::decode_operating_parameters(*data);
    }
    return unit;
  }

 private:
  void read_pages(ScsiUnit& unit) {
    const auto data = page(wire::kPageSupported);
    const auto listed = data ? wire::decode_supported_pages(*data) : std::nullopt;
    if (!listed) return;
    const auto has = [&](uint8_t code) {
      return std::find(listed->begin(), listed->end(), code) != listed->end();
    };
    if (has(wire::kPageIdentification)) {
      if (const auto bytes = page(wire::kPageIdentification)) {
        unit.designators =
            wire::decode_identification(*bytes).value_or(std::vector<wire::Designator>{});
      }
    }
    if (has(wire::kPageThirdPartyCopy)) {
      if (const auto bytes = page(wire::kPageThirdPartyCopy)) {
        unit.third_party_copy = wire::decode_third_party_copy(*bytes);
      }
    }
    if (has(wire::kPageBlockLimits)) {
      if (const auto bytes = page(wire::kPageBlockLimits)) {
        unit.block_limits = wire::decode_block_limits(*bytes);
      }
    }
  }

  Result<wire::Bytes> page(uint8_t code) {
    return ask(wire::encode(wire::InquiryCdb{code, kPageLength}), kPageLength);
  }

  Result<wire::Bytes> ask(const wire::Cdb& cdb, size_t length) {
    wire::Bytes in(length);
    for (int i = 0; i < kTries; ++i) {
      ScsiRequest request;
      request.unit = unit_;
      request.cdb = cdb.view().span();
      request.in = in;
      request.timeout_ms = kTimeoutMs;
      const Result<ScsiCompletion> done = queue_.transact(request);
      if (!done) return fail(done.error());
      if (done->error != 0) return fail(done->error, Op::offload);
      if (done->status == kGood) {
        in.resize(std::min(done->received, length));
        return in;
      }
      if (!passes(*done)) return fail(EIO, Op::offload, "the device refuses to say");
    }
    return fail(EBUSY, Op::offload, "the device does not answer");
  }

  // Whether asking again may help; waits before that where it is busy.
  bool passes(const ScsiCompletion& done) {
    if (done.status == kBusy || done.status == kTaskSetFull) {
      ScsiCompletion none;
      return queue_.reap({&none, 1}, kBusyDelayMs).has_value();
    }
    if (done.status != kCheckCondition) return false;
    const auto sense = wire::decode_sense(wire::View(done.sense_data()));
    return sense && sense->code.key == wire::SenseKey::unit_attention;
  }

  ScsiQueue& queue_;
  Unit unit_;
};

}  // namespace

Result<ScsiUnit> read_scsi_unit(ScsiQueue& queue, Unit unit) { return Reader(queue, unit).read(); }

}  // namespace libcopyfile
