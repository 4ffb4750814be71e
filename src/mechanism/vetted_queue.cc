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

// Whether the page that came names the unit as before. The first name that a copy would use decides: others may be of ports.
bool is_as_read(const ScsiUnit& as_read, wire::View page) {
  const auto designators = wire::decode_identification(page);
  const auto name = copy_designator(as_read);
  if (!designators) return false;
  if (!name) return *designators == as_read.designators;
  return std::find(designators->begin(), designators->end(), *name) != designators->end();
}

}  // namespace

Done VettedQueue::submit(const ScsiRequest& request) {
  Vetted& unit = of(request.unit);
  if (unit.doubted && !unit.another) {
    if (Done ok = look_again(request.unit); !ok) return ok;
  }
  if (unit.another) {
    ScsiCompletion refused;
    refused.tag = request.tag;
    refused.error = ESTALE;
    completed_.push_back(refused);
    return {};
  }
  if (Done sent = queue_.submit(request); !sent) return sent;
  under_way_.push_back({request.tag, request.unit});
  return {};
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

void VettedQueue::note(const ScsiCompletion& completion) {
  const auto sent = std::find_if(under_way_.begin(), under_way_.end(),
                                 [&](const Sent& one) { return one.tag == completion.tag; });
  if (sent == under_way_.end()) return;
  if (reports_a_change(completion)) of(sent->unit).doubted = true;
  under_way_.erase(sent);
}

}  // namespace libcopyfile
