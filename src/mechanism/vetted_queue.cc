#include "mechanism/vetted_queue.h"

#include <algorithm>

#include "mechanism/scsi_limits.h"
#include "wire/cdb.h"
#include "wire/sense.h"

namespace libcopyfile {
namespace {

constexpr uint64_t kOwnTag = UINT64_MAX;
constexpr unsigned kTimeoutMs = 30'000;
constexpr uint16_t kPageLength = 4096;

bool reports_a_change(const ScsiCompletion& completion) {
  if (completion.error != 0 || completion.sense_length == 0) return false;
  const auto sense = wire::decode_sense(wire::View(completion.sense_data()));
  return sense && sense->code.key == wire::SenseKey::unit_attention;
}

ScsiCompletion refused(const ScsiRequest& request) {
  ScsiCompletion completion;
  completion.tag = request.tag;
  completion.error = ESTALE;
  return completion;
}

// Whether the page that came names the unit as before. The first name that a copy would use decides: others may be of ports.
bool is_as_read(const ScsiUnit& as_read, wire::View page) {
  const auto designators = wire::decode_identification(page);
  const auto name = copy_designator(as_read);
  if (!designators) return false;
  if (!name) return *designators == as_read.designators;
  return std::find(designators->begin(), designators->end(), *name) != designators->end();
}

}  // namespace

Result<bool> VettedQueue::vet(Unit unit) {
  const Vetted& vetted = of(unit);
  if (vetted.doubted && !vetted.another) {
    if (Done ok = look_again(unit); !ok) return fail(ok.error());
  }
  return !vetted.another;
}

Done VettedQueue::submit(const ScsiRequest& request) {
  const Result<bool> as_read = vet(request.unit);
  if (!as_read) return fail(as_read.error());
  if (!*as_read) {
    completed_.push_back(refused(request));
    return {};
  }
  if (Done sent = queue_.submit(request); !sent) return sent;
  under_way_.push_back({request.tag, request.unit});
  return {};
}

Result<ScsiCompletion> VettedQueue::transact(const ScsiRequest& request) {
  const Result<bool> as_read = vet(request.unit);
  if (!as_read) return fail(as_read.error());
  if (!*as_read) return refused(request);
  const Result<ScsiCompletion> done = queue_.transact(request);
  if (done) note(request.unit, *done);
  return done;
}

// INQUIRY is answered whatever there is to report (SPC-4 5.14), so that this comes to an end.
Done VettedQueue::look_again(Unit unit) {
  wire::Bytes in(kPageLength);
  const wire::Cdb cdb = wire::encode(wire::InquiryCdb{wire::kPageIdentification, kPageLength});
  ScsiRequest request;
  request.unit = unit;
  request.cdb = cdb.view().span();
  request.in = in;
  request.timeout_ms = kTimeoutMs;
  request.tag = kOwnTag;
  if (Done sent = queue_.submit(request); !sent) return sent;
  for (;;) {
    ScsiCompletion completion;
    const Result<size_t> count = queue_.reap({&completion, 1}, kTimeoutMs);
    if (!count) return fail(count.error());
    if (*count == 0) continue;
    if (completion.tag != kOwnTag) {
      note(completion);
      completed_.push_back(completion);
      continue;
    }
    if (completion.error != 0) return fail(completion.error, Op::offload);
    Vetted& vetted = of(unit);
    vetted.doubted = false;
    const bool answered = completion.status == 0;
    const wire::View page = wire::View(in).part(0, std::min(completion.received, in.size()));
    vetted.another = !answered || !is_as_read(*vetted.as_read, page);
    return {};
  }
}

Result<size_t> VettedQueue::reap(std::span<ScsiCompletion> store, unsigned wait_ms) {
  size_t count = 0;
  for (; count < store.size() && !completed_.empty(); ++count) {
    store[count] = completed_.front();
    completed_.pop_front();
  }
  if (count > 0) return count;
  const Result<size_t> reaped = queue_.reap(store, wait_ms);
  for (size_t i = 0; reaped && i < *reaped; ++i) note(store[i]);
  return reaped;
}

void VettedQueue::note(Unit unit, const ScsiCompletion& completion) {
  if (reports_a_change(completion)) of(unit).doubted = true;
}

void VettedQueue::note(const ScsiCompletion& completion) {
  const auto sent = std::find_if(under_way_.begin(), under_way_.end(),
                                 [&](const Sent& one) { return one.tag == completion.tag; });
  if (sent == under_way_.end()) return;
  note(sent->unit, completion);
  under_way_.erase(sent);
}

}  // namespace libcopyfile
