#include "mechanism/nvme_status.h"

#include <algorithm>

namespace libcopyfile {
namespace {

using R = Reaction;
using T = StatusType;
constexpr Scope kFile = Scope::file;
constexpr Scope kPair = Scope::mounts;  // every copy between these two namespaces

// NVMe Base Specification 2.0 and NVM Command Set Specification 1.0, TP4130 for what concerns two namespaces.
constexpr NvmeStatusRow kStatus[] = {
    // The request.
    {T::generic, 0x01, R::declined, kPair, EOPNOTSUPP, "the device does not have the command"},
    // Also of those who take fewer ranges than they say (SPDK's target: one).
    {T::generic, 0x02, R::plainer, kPair, EOPNOTSUPP, "the device does not accept the request"},
    {T::generic, 0x0b, R::declined, kPair, ENODEV, "the device does not know the namespace"},
    {T::generic, 0x14, R::smaller, kPair, EOPNOTSUPP, "more than the device writes at once"},
    {T::generic, 0x15, R::declined, kPair, EACCES, "the device does not permit the copy"},
    {T::generic, 0x23, R::declined, kPair, EACCES, "the device does not permit the command"},
    {T::generic, 0x80, R::failed, kFile, ERANGE, "the range lies behind the end of the device"},
    {T::command, 0x80, R::declined, kPair, EINVAL, "the device does not accept the request"},
    {T::command, 0x81, R::declined, kPair, EOPNOTSUPP,
     "the device wants protection information for its blocks"},
    {T::command, 0x83, R::smaller, kPair, EOPNOTSUPP, "more than the device copies at once"},
    {T::command, 0x85, R::declined, kPair, EXDEV, "the device does not copy between the two"},
    {T::command, 0x86, R::declined, kPair, EOPNOTSUPP, "the device could copy, but not fast"},
    {T::command, 0x87, R::declined, kFile, EINVAL, "source and destination overlap on the device"},
    {T::command, 0x88, R::declined, kPair, EXDEV, "the device does not reach the other namespace"},
    {T::command, 0x89, R::once_more, kFile, EAGAIN, "the device has no resources for the copy"},
    // What was done is unknown. The same blocks are copied again: source and destination do not overlap.
    {T::generic, 0x04, R::again, kFile, EIO, "the device does not get the request"},
    {T::generic, 0x05, R::again, kFile, EIO, "the device is losing its power"},
    {T::generic, 0x07, R::again, kFile, EIO, "the device aborted the command again and again"},
    {T::generic, 0x08, R::again, kFile, EIO, "the device aborted the command again and again"},
    {T::generic, 0x21, R::again, kFile, EAGAIN, "the device interrupts the command"},
    {T::generic, 0x22, R::again, kFile, EIO, "the way to the device is disturbed"},
    {T::generic, 0x82, R::again, kFile, EAGAIN, "the device is not ready"},
    {T::path, 0x00, R::again, kFile, EIO, "the path to the device failed"},
    {T::path, 0x03, R::again, kFile, EAGAIN, "the path to the device is changing"},
    {T::path, 0x60, R::again, kFile, EIO, "the path to the device failed"},
    {T::path, 0x70, R::again, kFile, EIO, "the path to the device failed"},
    // Trouble, not absence.
    {T::generic, 0x06, R::failed, kFile, EIO, "the device failed"},
    {T::generic, 0x1b, R::failed, kFile, EBUSY, "the device is reserved"},
    {T::generic, 0x1c, R::failed, kFile, EIO, "the device could not be sanitized"},
    {T::generic, 0x1d, R::failed, kFile, EBUSY, "the device is being sanitized"},
    {T::generic, 0x20, R::failed, kFile, EROFS, "the device is write protected"},
    {T::generic, 0x81, R::failed, kFile, ENOSPC, "the device is full"},
    // Never around a reservation by another way: whoever holds it means it.
    {T::generic, 0x83, R::failed, kFile, EBUSY, "the device is reserved"},
    {T::generic, 0x84, R::failed, kFile, EBUSY, "the device is being formatted"},
    {T::command, 0x82, R::failed, kFile, EROFS, "the range is write protected"},
    {T::media, 0x80, R::failed, kFile, EIO, "the medium could not be written"},
    {T::media, 0x81, R::failed, kFile, EIO, "the medium could not be read"},
    {T::media, 0x82, R::failed, kFile, EIO, "the medium's guard does not match"},
    {T::media, 0x83, R::failed, kFile, EIO, "the medium's tag does not match"},
    {T::media, 0x84, R::failed, kFile, EIO, "the medium's reference does not match"},
    {T::media, 0x86, R::failed, kFile, EACCES, "the device protects its data"},
    // The device may be told to refuse to read what was never written; then reading tells the same, or the zeros.
    {T::media, 0x87, R::declined, kFile, ENODATA, "a block of the source was never written"},
    {T::path, 0x01, R::failed, kFile, ENODEV, "the path to the device is lost"},
    {T::path, 0x02, R::failed, kFile, ENODEV, "the path to the device is not available"},
    // The host gave up: the device may still be writing, see below.
    {T::path, 0x71, R::failed, kFile, ETIMEDOUT,
     "no answer in time: the device may still be at it"},
};

constexpr unsigned kDoNotRetry = 0x4000;

uint8_t code_of(const NvmeReply& reply) { return static_cast<uint8_t>(reply.status & 0xff); }
StatusType type_of(const NvmeReply& reply) {
  return static_cast<StatusType>(reply.status >> 8 & 7);
}

std::string unknown(const NvmeReply& reply) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const uint8_t code = code_of(reply);
  return std::string("status ") + kDigits[static_cast<uint8_t>(type_of(reply))] + '/' +
         kDigits[code >> 4] + kDigits[code & 0xf];
}

// What the kernel refuses, nobody was asked for.
bool refused_by_kernel(int error) {
  return error == EACCES || error == EPERM || error == ENOTTY || error == EINVAL;
}

}  // namespace

std::span<const NvmeStatusRow> nvme_status_table() { return kStatus; }

bool succeeded(const NvmeReply& reply) {
  return reply.error == 0 && code_of(reply) == 0 && type_of(reply) == StatusType::generic;
}

Judgement judge(const NvmeReply& reply) {
  if (refused_by_kernel(reply.error)) {
    return {R::declined, reply.error, kPair, "the kernel does not pass the command on"};
  }
  // Nor where none of several paths can be used just now: what is read and written waits for one in the kernel.
  if (reply.error == EAGAIN) {
    return {R::again, EAGAIN, kFile, "no path to the device can be used"};
  }
  // Not declined, although other mechanisms could go on: after a timeout the device may still be writing, behind everybody's
  // back; after any other failure of the transport nobody else reaches the device either.
  if (reply.error != 0) {
    const char* const reason = reply.error == ETIMEDOUT
                                   ? "no answer in time: the device may still be at it"
                                   : "the command, or its answer, did not come through";
    return {R::failed, reply.error, kFile, reason};
  }
  const auto* const row = std::find_if(
      std::begin(kStatus), std::end(kStatus),
      [&](const auto& one) { return one.type == type_of(reply) && one.status == code_of(reply); });
  if (row == std::end(kStatus)) return {R::failed, EIO, kFile, unknown(reply)};
  Judgement judgement{row->action, row->code, row->scope, row->reason};
  const bool repeats = row->action == R::again || row->action == R::once_more;
  if (repeats && (reply.status & kDoNotRetry) != 0) judgement.action = R::declined;
  return judgement;
}

}  // namespace libcopyfile
