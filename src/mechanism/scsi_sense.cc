#include "mechanism/scsi_sense.h"

#include <algorithm>

namespace libcopyfile {
namespace {

using A = SenseAction;
constexpr Scope kFile = Scope::file;
constexpr Scope kPair = Scope::mounts;  // every copy between these two units

constexpr SenseRow kSense[] = {
    // What succeeded and has something to say.
    {0x1, -1, -1, A::done, 0, kFile, "recovered by the device"},
    {0xf, -1, -1, A::done, 0, kFile, "completed"},
    // The request.
    {0x5, 0x00, 0x16, A::rename, EBUSY, kFile, "the list identifier is in use"},
    {0x5, 0x0d, 0x04, A::partly, EIO, kFile, "less was copied than asked for"},
    {0x5, 0x0d, 0x05, A::partly, EIO, kFile, "the lengths of the two sides do not agree"},
    {0x5, 0x1a, 0x00, A::smaller, EOPNOTSUPP, kPair,
     "the parameter list is too long for the device"},
    {0x5, 0x20, 0x00, A::declined, EOPNOTSUPP, kPair, "the device does not have the command"},
    {0x5, 0x21, 0x00, A::failed, ERANGE, kFile, "the range lies behind the end of the device"},
    {0x5, 0x23, 0x00, A::declined, EOPNOTSUPP, kPair, "the device does not accept the token here"},
    {0x5, 0x23, 0x01, A::declined, EOPNOTSUPP, kPair,
     "the device does not have this kind of token"},
    {0x5, 0x23, 0x02, A::declined, EOPNOTSUPP, kPair,
     "the token of another device is not accepted"},
    {0x5, 0x23, 0x03, A::declined, EOPNOTSUPP, kPair, "tokens of other devices are not accepted"},
    {0x5, 0x23, 0x04, A::new_token, ESTALE, kFile, "the device does not know the token"},
    {0x5, 0x23, 0x05, A::new_token, ESTALE, kFile, "the token is corrupt"},
    {0x5, 0x23, 0x06, A::new_token, ESTALE, kFile, "the token was revoked"},
    {0x5, 0x23, 0x07, A::new_token, ESTALE, kFile, "the token has expired"},
    {0x5, 0x23, 0x08, A::new_token, ESTALE, kFile, "the token was cancelled"},
    {0x5, 0x23, 0x09, A::new_token, ESTALE, kFile, "the token was deleted"},
    {0x5, 0x23, 0x0a, A::smaller, EOPNOTSUPP, kFile, "the token is too large for the request"},
    {0x5, 0x24, 0x00, A::declined, EOPNOTSUPP, kPair, "the device does not have the command"},
    {0x5, 0x25, 0x00, A::failed, ENODEV, kFile, "the logical unit is gone"},
    {0x5, 0x26, 0x00, A::plainer, EOPNOTSUPP, kPair, "the device does not accept the request"},
    {0x5, 0x26, 0x06, A::smaller, EOPNOTSUPP, kPair, "too many devices for one request"},
    {0x5, 0x26, 0x07, A::plainer, EOPNOTSUPP, kPair,
     "the device does not know devices by this name"},
    {0x5, 0x26, 0x08, A::smaller, EOPNOTSUPP, kPair, "too many ranges for one request"},
    {0x5, 0x26, 0x09, A::plainer, EOPNOTSUPP, kPair, "the device does not have this kind of range"},
    {0x5, 0x26, 0x0a, A::declined, EINVAL, kFile, "the range does not fit the device's blocks"},
    {0x5, 0x26, 0x0b, A::declined, EOPNOTSUPP, kPair, "the device does not accept the request"},
    {0x5, 0x26, 0x0c, A::declined, EACCES, kPair, "the device does not permit the copy"},
    {0x5, 0x26, 0x0d, A::declined, EINVAL, kFile,
     "the range does not fit the device's granularity"},
    {0x5, 0x26, 0x15, A::declined, EACCES, kPair, "the device does not permit the copy"},
    {0x5, 0x26, 0x16, A::declined, EOPNOTSUPP, kPair, "the device could copy, but not fast"},
    {0x5, 0x55, 0x0c, A::once_more, EAGAIN, kFile, "the device has no room for another token"},
    {0x5, 0x55, 0x0d, A::once_more, EAGAIN, kFile, "the device has no room for the token"},
    // The copy manager stopped.
    {0xa, 0x08, 0x04, A::declined, EXDEV, kPair,
     "the copy manager does not reach the other device"},
    {0xa, 0x0d, 0x01, A::declined, EIO, kFile, "one of the devices failed below the copy manager"},
    {0xa, 0x0d, 0x02, A::declined, EXDEV, kPair,
     "the copy manager does not reach the other device"},
    {0xa, 0x0d, 0x03, A::declined, EXDEV, kPair, "the copy manager found another kind of device"},
    {0xa, 0x0d, 0x04, A::partly, EIO, kFile, "less was copied than asked for"},
    {0xa, 0x0d, 0x05, A::partly, EIO, kFile, "the lengths of the two sides do not agree"},
    {0xa, -1, -1, A::declined, EIO, kFile, "the copy manager gave up"},
    // Something changed: reported once, to the next command whatever it is.
    {0x6, -1, -1, A::again, EAGAIN, kFile, "the device keeps reporting changes"},
    // It is not, or no longer, there.
    {0x2, 0x04, 0x01, A::again, EAGAIN, kFile, "the device is becoming ready"},
    {0x2, 0x04, 0x0a, A::again, EAGAIN, kFile, "the path to the device is changing"},
    {0x2, 0x04, 0x0b, A::failed, ENODEV, kFile, "the path to the device is on standby"},
    {0x2, 0x04, 0x0c, A::failed, ENODEV, kFile, "the path to the device is not available"},
    {0x2, 0x3a, -1, A::failed, ENOMEDIUM, kFile, "there is no medium"},
    {0x2, -1, -1, A::failed, ENODEV, kFile, "the device is not ready"},
    // Trouble, not absence.
    {0x3, -1, -1, A::failed, EIO, kFile, "the medium failed"},
    {0x4, -1, -1, A::failed, EIO, kFile, "the hardware failed"},
    {0x7, 0x27, 0x07, A::failed, ENOSPC, kFile, "the pool behind the device is full"},
    {0x7, 0x27, -1, A::failed, EROFS, kFile, "the device is write protected"},
    {0x7, -1, -1, A::failed, EACCES, kFile, "the device protects its data"},
    {0xd, -1, -1, A::failed, ENOSPC, kFile, "the device is full"},
    {0xe, -1, -1, A::failed, EIO, kFile, "the data did not compare"},
    // What was done is unknown. The same blocks are copied again: source and destination do not overlap.
    {0xb, 0x55, 0x03, A::once_more, EAGAIN, kFile, "the device has no resources for the copy"},
    {0xb, 0x0d, 0x04, A::partly, EIO, kFile, "less was copied than asked for"},
    {0xb, -1, -1, A::again, EIO, kFile, "the device aborted the command again and again"},
};

constexpr StatusRow kStatus[] = {
    {0x08, A::again, EBUSY, "the device is busy"},
    // Never around a reservation by another way: whoever holds it means it.
    {0x18, A::failed, EBUSY, "the device is reserved"},
    {0x28, A::again, EBUSY, "the device's queue is full"},
    {0x30, A::again, EBUSY, "the device has an error to be cleared"},
    {0x40, A::again, EIO, "the device aborted the command again and again"},
};

constexpr uint8_t kGood = 0x00;
constexpr uint8_t kCheckCondition = 0x02;
constexpr uint8_t kConditionMet = 0x04;

bool fits(const SenseRow& row, const wire::SenseCode& code) {
  return row.key == static_cast<int>(code.key) && (row.asc < 0 || row.asc == code.asc) &&
         (row.ascq < 0 || row.ascq == code.ascq);
}

const char* of_transport(int error) {
  switch (error) {
    case ETIMEDOUT: return "no answer in time: the device may still be at it";
    case ESTALE: return "another logical unit is there now";
    case EINTR: return "interrupted";
    default: return "the command, or its answer, did not come through";
  }
}

std::string unknown(const wire::SenseCode& code) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "sense ";
  for (const unsigned value :
       {static_cast<unsigned>(code.key), unsigned{code.asc}, unsigned{code.ascq}}) {
    if (text.size() > 6) text += '/';
    text += kDigits[value >> 4 & 0xf];
    text += kDigits[value & 0xf];
  }
  return text;
}

}  // namespace

std::span<const SenseRow> sense_table() { return kSense; }
std::span<const StatusRow> status_table() { return kStatus; }

bool succeeded(const ScsiReply& reply) {
  if (reply.error != 0) return false;
  if (reply.status == kGood || reply.status == kConditionMet) return true;
  return reply.status == kCheckCondition && judge(reply).action == SenseAction::done;
}

Judgement judge(const ScsiReply& reply) {
  // Not declined, although other mechanisms could go on: after a timeout the target may still be writing, behind everybody's
  // back; after any other failure of the transport nobody else reaches the device either.
  if (reply.error != 0) {
    return {SenseAction::failed, reply.error, kFile, of_transport(reply.error)};
  }
  if (reply.status == kCheckCondition && reply.sense) {
    const auto row = std::find_if(std::begin(kSense), std::end(kSense), [&](const SenseRow& one) {
      return fits(one, reply.sense->code);
    });
    if (row == std::end(kSense))
      return {SenseAction::failed, EIO, kFile, unknown(reply.sense->code)};
    return {row->action, row->code, row->scope, row->reason};
  }
  for (const StatusRow& row : kStatus) {
    if (row.status == reply.status) return {row.action, row.code, kFile, row.reason};
  }
  return {SenseAction::failed, EIO, kFile, "the device failed and does not say why"};
}

}  // namespace libcopyfile
