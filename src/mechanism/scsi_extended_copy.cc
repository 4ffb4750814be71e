// EXTENDED COPY (83h/00h, LID1; 83h/01h, LID4): ranges become segment descriptors, as many in a command as the target takes.
// Segments are processed in order, so that what a command that stopped says of the failing one tells how far it came; what it says
// of the bytes of that one is not used, as targets do not agree on it.
//
// LID1 is what targets have. LID4 is the same with identifiers of 32 bits, by which a list can be asked for its bytes, and stopped.
#include <algorithm>

#include "mechanism/scsi_limits.h"
#include "mechanism/scsi_mechanism.h"
#include "mechanism/scsi_proof.h"
#include "mechanism/scsi_ranges.h"
#include "mechanism/scsi_sense.h"

namespace libcopyfile {
namespace {

constexpr uint32_t kStatusLength = 12;
// With sense data of the usual length.
constexpr uint32_t kStatusLengthLid4 = 64;
constexpr const char* kRefused = "the device does not accept the request";

// What all tasks of one copy share, and what they have learned of the target.
struct Shared {
  ExtendedCopyLimits limits;
  uint32_t segments = 1;  // of one command, now
  bool plain = false;     // only what every target understands
  bool lid4;
  uint32_t next_list_id;

  explicit Shared(const ExtendedCopyLimits& l)
      : limits(l), segments(l.segments), lid4(l.lid4), next_list_id(l.lid4 ? first_list_id() : 1) {}

  bool byte_segments() const { return limits.byte_segments && !plain; }
  uint64_t segment_bytes() const {
    if (byte_segments()) return limits.segment_bytes;
    return std::min(limits.segment_bytes,
                    even_segment(uint64_t{UINT16_MAX} * limits.block, limits.granularity));
  }
  // Identifiers are for those who ask for the status. tcmu-runner accepts lists without one only, LIO takes both.
  bool with_list_id() const {
    if (lid4) return !plain;
    return limits.list_id_needed || (limits.status && !plain);
  }
  uint32_t list_id() {
    const uint32_t most = lid4 ? UINT32_MAX : UINT8_MAX;
    if (next_list_id == 0 || next_list_id > most) next_list_id = 1;
    return next_list_id++;
  }
};

class ExtendedCopyTask final : public ScsiTask {
 public:
  ExtendedCopyTask(Shared& shared, std::vector<CopyRange> pieces)
      : shared_(shared), pieces_(std::move(pieces)), length_(total_length(pieces_)) {}

  TaskStep first() override { return send(0); }

  TaskStep next(const ScsiReply& reply) override {
    if (succeeded(reply)) {
      advance(sent_);
      return at_ == pieces_.size() ? TaskStep{} : send(0);
    }
    const Judgement judgement = judge(reply);
    if (reply.error == 0 && reply.sense && reply.sense->code.key == wire::SenseKey::copy_aborted) {
      // A number that was not in the list says nothing.
      const size_t failed = reply.sense->failed_segment().value_or(0);
      if (failed < sent_) advance(failed);
    }
    return react(judgement);
  }

  uint64_t done() const override { return done_; }
  uint64_t length() const override { return length_; }

  std::optional<ScsiCommand> poll() const override {
    const ExtendedCopyLimits& limits = shared_.limits;
    if (list_id_ == 0 || !(lid4_ ? limits.status_lid4 : limits.status)) return std::nullopt;
    const wire::CopyInCdb cdb =
        lid4_ ? wire::CopyInCdb{wire::CopyIn::copy_status_lid4, list_id_, kStatusLengthLid4}
              : wire::CopyInCdb{wire::CopyIn::copy_status_lid1, list_id_, kStatusLength};
    return ScsiCommand{Unit::destination, wire::encode(cdb), {}, cdb.allocation_length};
  }

  std::optional<uint64_t> polled(const ScsiReply& reply) const override {
    if (!lid4_) {
      const auto status = wire::decode_copy_status(reply.in);
      return status ? processed(status->segments_processed, 0) : std::nullopt;
    }
    const auto status = wire::decode_operation_status(reply.in);
    if (!status || !status->running()) return std::nullopt;
    const auto bytes = wire::count_in_bytes(status->unit, status->count, shared_.limits.block);
    return bytes ? processed(status->segments_processed, *bytes) : std::nullopt;
  }

  std::optional<ScsiCommand> abort() const override {
    if (!lid4_ || list_id_ == 0 || !shared_.limits.abort) return std::nullopt;
    const wire::CopyOutCdb cdb{wire::CopyOut::copy_operation_abort, list_id_};
    return ScsiCommand{Unit::destination, wire::encode(cdb), {}, 0};
  }

 private:
  void advance(size_t pieces) {
    if (pieces > 0) attempts_.progressed();
    for (size_t i = 0; i < pieces; ++i) done_ += pieces_[at_++].length;
  }

  // By either of the two counts; nothing where one is of more than was asked for.
  std::optional<uint64_t> processed(size_t segments, uint64_t bytes) const {
    const std::span<const CopyRange> sent = std::span(pieces_).subspan(at_, sent_);
    if (segments > sent_ || bytes > total_length(sent)) return std::nullopt;
    return done_ + std::max(bytes, total_length(sent.first(segments)));
  }

  TaskStep send(unsigned delay_ms) {
    const ExtendedCopyLimits& limits = shared_.limits;
    wire::CopyList list;
    lid4_ = shared_.lid4;
    list.lid = lid4_ ? wire::Lid::lid4 : wire::Lid::lid1;
    list_id_ = shared_.with_list_id() ? shared_.list_id() : 0;
    list.list_id = list_id_;
    list.usage = list_id_ == 0 ? wire::ListIdUsage::none : wire::ListIdUsage::discard;
    list.cscds = {limits.source};
    if (!limits.same_unit) list.cscds.push_back(limits.destination);
    sent_ = std::min<size_t>(shared_.segments, pieces_.size() - at_);
    for (const CopyRange& piece : std::span(pieces_).subspan(at_, sent_)) {
      list.segments.push_back(segment(piece));
    }
    ScsiCommand command;
    command.out = wire::encode_copy_list(list);
    const auto action =
        lid4_ ? wire::CopyOut::extended_copy_lid4 : wire::CopyOut::extended_copy_lid1;
    command.cdb =
        wire::encode(wire::CopyOutCdb{action, 0, static_cast<uint32_t>(command.out.size()), 0});
    return TaskStep::send(std::move(command), delay_ms);
  }

  wire::Segment segment(const CopyRange& piece) const {
    const uint32_t block = shared_.limits.block;
    const uint16_t destination = shared_.limits.same_unit ? 0 : 1;
    if (shared_.byte_segments()) {
      return wire::ByteSegment{0, destination, static_cast<uint32_t>(piece.length),
                               piece.in / block, piece.out / block};
    }
    return wire::BlockSegment{0, destination, static_cast<uint16_t>(piece.length / block),
                              piece.in / block, piece.out / block};
  }

  TaskStep react(const Judgement& judgement) {
    switch (judgement.action) {
      case SenseAction::again:
      case SenseAction::once_more:
      case SenseAction::partly:
      case SenseAction::rename:
        if (const auto delay = attempts_.again(judgement)) return send(*delay);
        break;
      case SenseAction::smaller:
        if (sent_ > 1) {
          shared_.segments = static_cast<uint32_t>(std::min<size_t>(shared_.segments, sent_ / 2));
          return send(0);
        }
        break;
      case SenseAction::plainer:
        if (!plain_) return send_plain();
        break;
      case SenseAction::declined:
        // It says that it has both.
        if (lid4_ && shared_.limits.lid1 && judgement.code == EOPNOTSUPP) {
          shared_.lid4 = false;
          return send(0);
        }
        break;
      default: break;
    }
    return judgement.give_up();
  }

  TaskStep send_plain() {
    plain_ = shared_.plain = true;
    shared_.segments = 1;
    if (shared_.limits.lid1) shared_.lid4 = false;
    std::vector<CopyRange> pieces(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(at_));
    const uint64_t most = shared_.segment_bytes();
    // A unit that is larger than what the plainest request can say.
    if (most == 0)
      return Judgement{SenseAction::declined, EOPNOTSUPP, Scope::mounts, kRefused}.give_up();
    for (const CopyRange& piece : std::span(pieces_).subspan(at_)) {
      for (uint64_t done = 0; done < piece.length; done += most) {
        pieces.push_back(piece.part(done, most));
      }
    }
    pieces_ = std::move(pieces);
    return send(0);
  }

  Shared& shared_;
  std::vector<CopyRange> pieces_;
  uint64_t length_;
  size_t at_ = 0;    // pieces that are done
  size_t sent_ = 0;  // pieces in the command under way
  uint64_t done_ = 0;
  uint32_t list_id_ = 0;  // of the command under way
  bool lid4_ = false;     // its form
  bool plain_ = false;
  Attempts attempts_;
};

class ExtendedCopyTasks final : public ScsiTasks {
 public:
  ExtendedCopyTasks(Shared& shared, std::span<const CopyRange> ranges)
      : shared_(shared), walk_(ranges, shared.limits.granularity) {}

  std::unique_ptr<ScsiTask> make(uint64_t bytes) override {
    std::vector<CopyRange> pieces;
    if (shared_.segment_bytes() == 0) return nullptr;
    uint64_t taken = 0;
    while (pieces.size() < shared_.segments && taken < bytes) {
      const auto piece = walk_.peek(std::min(bytes - taken, shared_.segment_bytes()));
      if (!piece) break;
      walk_.skip(piece->length);
      pieces.push_back(*piece);
      taken += piece->length;
    }
    if (pieces.empty()) return nullptr;
    return std::make_unique<ExtendedCopyTask>(shared_, std::move(pieces));
  }

  std::optional<TaskEnd> declined() const override {
    if (walk_.at_end()) return std::nullopt;
    return TaskStep::stop(TaskStep::Kind::declined, EINVAL, Scope::file,
                          "the range is not in whole units of the device");
  }

 private:
  Shared& shared_;
  RangeWalk walk_;
};

class ExtendedCopy final : public UnitMechanism {
 public:
  std::string_view name() const override { return "scsi_extended_copy"; }

  Verdict can(const ScsiUnit& in, const ScsiUnit& out) const override {
    const auto limits = negotiate_extended_copy(in, out);
    if (!limits) return limits.error();
    return {Can::unknown, "in segments of up to " + bytes_text(limits->segment_bytes) + ", " +
                              std::to_string(limits->segments) + " a command, " +
                              std::to_string(limits->concurrency) +
                              " commands at once, in units of " + bytes_text(limits->granularity) +
                              (limits->lid4 ? ", with identifiers of 32 bits" : "") +
                              "; only trying tells whether the copy manager reaches both disks"};
  }

  Moved move(UnitPair& pair, std::span<const CopyRange> ranges) const override {
    const auto limits = negotiate_extended_copy(pair.in, pair.out);
    if (!limits) return refused(limits.error());
    Shared shared(*limits);
    ScsiRun run{pair.queue,          pair.control,    pair.watch,
                limits->concurrency, pair.timeout_ms, pair.poll_ms};
    return prove_then_run(pair, run, ranges, limits->granularity, limits->block,
                          [&](std::span<const CopyRange> part) {
                            return std::make_unique<ExtendedCopyTasks>(shared, part);
                          });
  }
};

}  // namespace

std::unique_ptr<UnitMechanism> make_scsi_extended_copy() {
  return std::make_unique<ExtendedCopy>();
}

}  // namespace libcopyfile
