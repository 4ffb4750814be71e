// Copies by token (POPULATE TOKEN, WRITE USING TOKEN; ODX): a token stands for many ranges of the source, and is written to as
// many ranges of the destination as one likes; the two lists need not have the same shape. A task is one token: it is made,
// fetched, written in as many commands as the destination needs, and made again for what is left when it is gone.
#include <algorithm>

#include "mechanism/scsi_limits.h"
#include "mechanism/scsi_mechanism.h"
#include "mechanism/scsi_proof.h"
#include "mechanism/scsi_ranges.h"
#include "mechanism/scsi_sense.h"

namespace libcopyfile {
namespace {

// Status, sense data and one token descriptor fit; sense data of more is cut.
constexpr uint32_t kInformationLength = 1024;
// How long to wait before asking again, where the target does not say.
constexpr unsigned kStatusDelayMs = 500;
constexpr unsigned kLongestDelayMs = 10'000;
// A target that says "in progress" for ever.
constexpr uint64_t kMostWaitMs = 600'000;
constexpr unsigned kConcurrency = 2;

struct Shared {
  TokenCopyLimits limits;
  uint32_t source_ranges;
  uint32_t destination_ranges;
  uint32_t next_list_id = first_list_id();

  explicit Shared(const TokenCopyLimits& l)
      : limits(l), source_ranges(l.source_ranges), destination_ranges(l.destination_ranges) {}
};

class TokenTask final : public ScsiTask {
 public:
  TokenTask(Shared& shared, std::vector<CopyRange> pieces)
      : shared_(shared), pieces_(std::move(pieces)), length_(total_length(pieces_)) {}

  TaskStep first() override { return populate(0); }

  TaskStep next(const ScsiReply& reply) override {
    switch (state_) {
      case State::populating: return succeeded(reply) ? ask(Unit::source, 0) : react(reply);
      case State::fetching: return fetched(reply);
      case State::writing: return written(reply);
      case State::asking: return asked(reply);
    }
    return react(reply);
  }

  uint64_t done() const override { return done_; }
  uint64_t length() const override { return length_; }

  std::optional<ScsiCommand> poll() const override {
    if (state_ != State::writing) return std::nullopt;
    return information(Unit::destination);
  }

  std::optional<uint64_t> polled(const ScsiReply& reply) const override {
    const auto answer = wire::decode_token_information(reply.in);
    if (!answer || !answer->status.running()) return std::nullopt;
    return done_ + std::min(counted(answer->status), sent_);
  }

  std::optional<ScsiCommand> abort() const override {
    const bool source = state_ == State::populating || state_ == State::fetching;
    const TokenCopyLimits& limits = shared_.limits;
    if (source ? !limits.abort_source : !limits.abort_destination) return std::nullopt;
    return ScsiCommand{
        source ? Unit::source : Unit::destination,
        wire::encode(wire::CopyOutCdb{wire::CopyOut::copy_operation_abort, list_id_}),
        {},
        0};
  }

 private:
  enum class State : uint8_t {
    populating,
    fetching,  // the token
    writing,
    asking,  // how much was written
  };

  TaskStep populate(unsigned delay_ms) {
    state_ = State::populating;
    list_id_ = shared_.next_list_id++;
    wire::PopulateToken list;
    list.inactivity_timeout = shared_.limits.inactivity_timeout;
    const uint64_t most = std::min(length_ - done_, shared_.limits.token_bytes);
    list.ranges = block_ranges(pieces_, true, done_, most, block(), shared_.source_ranges);
    sent_ = total_blocks(list.ranges) * block();
    return send(Unit::source, wire::CopyOut::populate_token, wire::encode(list), delay_ms);
  }

  ScsiCommand information(Unit unit) const {
    const wire::CopyInCdb cdb{wire::CopyIn::rod_token_information, list_id_, kInformationLength};
    return {unit, wire::encode(cdb), {}, kInformationLength};
  }

  TaskStep ask(Unit unit, unsigned delay_ms) {
    state_ = unit == Unit::source ? State::fetching : State::asking;
    return TaskStep::send(information(unit), delay_ms);
  }

  TaskStep ask_later(Unit unit, const wire::OperationStatus& status) {
    const unsigned delay_ms = delay(status);
    waited_ms_ += delay_ms;
    if (waited_ms_ < kMostWaitMs) return ask(unit, delay_ms);
    return TaskStep::stop(TaskStep::Kind::failed, ETIMEDOUT, Scope::file,
                          "the device does not get done");
  }

  TaskStep fetched(const ScsiReply& reply) {
    if (!succeeded(reply)) return react(reply);
    const auto answer = wire::decode_token_information(reply.in);
    if (!answer) return decline(EPROTO, "the device's answer about the token makes no sense");
    if (answer->status.running()) return ask_later(Unit::source, answer->status);
    if (!answer->token) return react(*answer);
    // A token may stand for less than was asked for (Windows' targets do that): what it does not, the next one does.
    covered_ = align_down(std::min(counted(answer->status), sent_), shared_.limits.granularity);
    if (covered_ == 0) return decline(EIO, "the device made a token of nothing");
    token_ = *answer->token;
    token_begin_ = done_;
    return write(0);
  }

  TaskStep write(unsigned delay_ms) {
    state_ = State::writing;
    list_id_ = shared_.next_list_id++;
    const uint64_t token_end = token_begin_ + covered_;
    wire::WriteUsingToken list;
    list.offset = (done_ - token_begin_) / block();
    list.token = token_;
    const uint64_t most = std::min(token_end - done_, shared_.limits.write_bytes);
    list.ranges = block_ranges(pieces_, false, done_, most, block(), shared_.destination_ranges);
    sent_ = total_blocks(list.ranges) * block();
    list.delete_token = done_ + sent_ == token_end;
    return send(Unit::destination, wire::CopyOut::write_using_token, wire::encode(list), delay_ms);
  }

  TaskStep written(const ScsiReply& reply) {
    if (succeeded(reply)) return advance(sent_);
    const Judgement judgement = judge(reply);
    if (reply.error != 0 || judgement.action != SenseAction::partly) return react(judgement);
    if (!reply.sense->information) return ask(Unit::destination, 0);
    return partly(judgement, *reply.sense->information, wire::kUnitBlocks);
  }

  // After a write that stopped in between and does not say where.
  TaskStep asked(const ScsiReply& reply) {
    const auto answer = wire::decode_token_information(reply.in);
    const Judgement lost{SenseAction::once_more, EIO, Scope::file,
                         "less was written than asked for"};
    if (!succeeded(reply) || !answer) return react(lost);
    if (answer->status.running()) return ask_later(Unit::destination, answer->status);
    return partly(lost, answer->status.count, answer->status.unit);
  }

  TaskStep partly(const Judgement& judgement, uint64_t count, uint8_t unit) {
    const uint64_t bytes = wire::count_in_bytes(unit, count, block()).value_or(0);
    // A count of more than was asked for says nothing.
    const uint64_t whole = bytes <= sent_ ? align_down(bytes, shared_.limits.granularity) : 0;
    if (whole > 0) return advance(whole);
    return react(judgement);
  }

  TaskStep advance(uint64_t bytes) {
    done_ += bytes;
    renewed_ = false;
    waited_ms_ = 0;
    attempts_.progressed();
    if (done_ == length_) return TaskStep{};
    return done_ == token_begin_ + covered_ ? populate(0) : write(0);
  }

  TaskStep react(const ScsiReply& reply) { return react(judge(reply)); }

  // A token that was not made: why, is in the sense data of the answer.
  TaskStep react(const wire::TokenInformation& answer) {
    ScsiReply reply;
    reply.status = answer.status.completion_status;
    reply.sense = wire::decode_sense(wire::View(answer.status.sense));
    if (succeeded(reply)) return decline(EIO, "the device made no token");
    return react(reply);
  }

  TaskStep react(const Judgement& judgement) {
    switch (judgement.action) {
      case SenseAction::again:
      case SenseAction::once_more:
      case SenseAction::partly:
      case SenseAction::rename:
        if (const auto delay = attempts_.again(judgement)) return repeat(*delay);
        break;
      case SenseAction::smaller: {
        uint32_t& ranges =
            state_ == State::populating ? shared_.source_ranges : shared_.destination_ranges;
        if (ranges <= 1) break;
        ranges /= 2;
        return repeat(0);
      }
      case SenseAction::new_token:
        if (renewed_) break;
        renewed_ = true;
        return populate(0);
      default: break;
    }
    return judgement.give_up();
  }

  // A result can be fetched once on some targets: without it, what it was about is done again.
  TaskStep repeat(unsigned delay_ms) {
    const bool source = state_ == State::populating || state_ == State::fetching;
    return source ? populate(delay_ms) : write(delay_ms);
  }

  static TaskStep send(Unit unit, wire::CopyOut action, wire::Bytes list, uint32_t list_id,
                       unsigned delay_ms) {
    ScsiCommand command;
    command.unit = unit;
    command.cdb =
        wire::encode(wire::CopyOutCdb{action, list_id, static_cast<uint32_t>(list.size()), 0});
    command.out = std::move(list);
    return TaskStep::send(std::move(command), delay_ms);
  }
  TaskStep send(Unit unit, wire::CopyOut action, wire::Bytes list, unsigned delay_ms) const {
    return send(unit, action, std::move(list), list_id_, delay_ms);
  }

  static TaskStep decline(int code, const char* reason) {
    return TaskStep::stop(TaskStep::Kind::declined, code, Scope::mounts, reason);
  }
  static unsigned delay(const wire::OperationStatus& status) {
    if (status.delay_ms >= wire::OperationStatus::kDelayUnknown) return kStatusDelayMs;
    return std::clamp(status.delay_ms, 1U, kLongestDelayMs);
  }
  uint64_t counted(const wire::OperationStatus& status) const {
    return wire::count_in_bytes(status.unit, status.count, block()).value_or(0);
  }
  uint32_t block() const { return shared_.limits.block; }

  Shared& shared_;
  std::vector<CopyRange> pieces_;
  uint64_t length_;
  uint64_t done_ = 0;
  State state_ = State::populating;
  uint32_t list_id_ = 0;
  wire::Token token_{};
  uint64_t token_begin_ = 0;  // the token's first byte, of this task
  uint64_t covered_ = 0;      // bytes that it stands for
  uint64_t sent_ = 0;         // bytes of the command under way
  bool renewed_ = false;      // since the last byte
  uint64_t waited_ms_ = 0;    // since the last byte
  Attempts attempts_;
};

class TokenTasks final : public ScsiTasks {
 public:
  TokenTasks(Shared& shared, std::span<const CopyRange> ranges)
      : shared_(shared), walk_(ranges, shared.limits.granularity) {}

  std::unique_ptr<ScsiTask> make(uint64_t bytes) override {
    std::vector<CopyRange> pieces;
    uint64_t taken = 0;
    bytes = std::min(bytes, shared_.limits.token_bytes);
    while (pieces.size() < shared_.source_ranges && taken < bytes) {
      const auto piece = walk_.peek(bytes - taken);
      // Sources may overlap each other in a vector, but not in one token.
      if (!piece || overlaps(pieces, piece->source())) break;
      walk_.skip(piece->length);
      pieces.push_back(*piece);
      taken += piece->length;
    }
    if (pieces.empty()) return nullptr;
    return std::make_unique<TokenTask>(shared_, std::move(pieces));
  }

  std::optional<TaskEnd> declined() const override {
    if (walk_.at_end()) return std::nullopt;
    return TaskStep::stop(TaskStep::Kind::declined, EINVAL, Scope::file,
                          "the range is not in whole units of the device");
  }

 private:
  static bool overlaps(const std::vector<CopyRange>& pieces, const Range& source) {
    return std::any_of(pieces.begin(), pieces.end(),
                       [&](const CopyRange& piece) { return piece.source().overlaps(source); });
  }

  Shared& shared_;
  RangeWalk walk_;
};

class TokenCopy final : public UnitMechanism {
 public:
  std::string_view name() const override { return "scsi_token"; }

  Verdict can(const ScsiUnit& in, const ScsiUnit& out) const override {
    const auto limits = negotiate_token_copy(in, out);
    if (!limits) return limits.error();
    return {Can::unknown,
            "tokens of up to " + std::to_string(limits->source_ranges) +
                " ranges, written to up to " + std::to_string(limits->destination_ranges) +
                " at once, in units of " + bytes_text(limits->granularity) +
                "; only trying tells whether the destination accepts the source's tokens"};
  }

  Moved move(UnitPair& pair, std::span<const CopyRange> ranges) const override {
    const auto limits = negotiate_token_copy(pair.in, pair.out);
    if (!limits) return refused(limits.error());
    Shared shared(*limits);
    const ScsiRun run{pair.queue,   pair.control,    pair.watch,
                      kConcurrency, pair.timeout_ms, pair.poll_ms};
    return prove_then_run(pair, run, ranges, limits->granularity, limits->block,
                          [&](std::span<const CopyRange> part) {
                            return std::make_unique<TokenTasks>(shared, part);
                          });
  }
};

}  // namespace

std::unique_ptr<UnitMechanism> make_scsi_token() { return std::make_unique<TokenCopy>(); }

}  // namespace libcopyfile
