#include <scsi/sg.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "sys/blocking_queue.h"
#include "sys/kernel_devices.h"

namespace libcopyfile {
namespace {

// What the kernel's SCSI layer says of a command that did not get through (scsi/scsi_status.h of the kernel).
int errno_of_host(unsigned host_status) {
  switch (host_status) {
    case 0x00: return 0;          // DID_OK
    case 0x01:                    // DID_NO_CONNECT
    case 0x04: return ENODEV;     // DID_BAD_TARGET
    case 0x03: return ETIMEDOUT;  // DID_TIME_OUT
    default: return EIO;
  }
}

constexpr unsigned kDriverTimeout = 0x06;

ScsiCompletion carry_out(int fd, const ScsiRequest& request) {
  ScsiCompletion completion;
  sg_io_hdr header{};
  header.interface_id = 'S';
  header.cmd_len = static_cast<unsigned char>(request.cdb.size());
  header.cmdp = const_cast<unsigned char*>(request.cdb.data());
  header.dxfer_direction = SG_DXFER_NONE;
  if (!request.out.empty()) {
    header.dxfer_direction = SG_DXFER_TO_DEV;
    header.dxferp = const_cast<unsigned char*>(request.out.data());
    header.dxfer_len = static_cast<unsigned>(request.out.size());
  } else if (!request.in.empty()) {
    header.dxfer_direction = SG_DXFER_FROM_DEV;
    header.dxferp = request.in.data();
    header.dxfer_len = static_cast<unsigned>(request.in.size());
  }
  header.sbp = completion.sense.data();
  header.mx_sb_len = ScsiCompletion::kMaxSense;
  header.timeout = request.timeout_ms;
  // Not sent again after EINTR: the device may have carried it out. Threads of ours take no signals.
  if (::ioctl(fd, SG_IO, &header) != 0) {
    completion.error = errno;
    return completion;
  }
  completion.status = header.status;
  completion.sense_length = std::min<uint8_t>(header.sb_len_wr, ScsiCompletion::kMaxSense);
  const auto left = static_cast<size_t>(std::max(header.resid, 0));
  completion.received = request.in.size() - std::min(left, request.in.size());
  // A status is an answer of the device, whatever else is said of it.
  if (header.status != 0) return completion;
  completion.error = errno_of_host(header.host_status);
  if ((header.driver_status & 0x0f) == kDriverTimeout) completion.error = ETIMEDOUT;
  return completion;
}

}  // namespace

std::unique_ptr<ScsiQueue> make_sg_queue(int source, int destination) {
  return std::make_unique<BlockingQueue<ScsiRequest, ScsiCompletion>>(source, destination,
                                                                      carry_out);
}

}  // namespace libcopyfile
