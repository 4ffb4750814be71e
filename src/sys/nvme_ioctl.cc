#include <linux/nvme_ioctl.h>
#include <sys/ioctl.h>

#include "sys/blocking_queue.h"
#include "sys/kernel_devices.h"

namespace libcopyfile {
namespace {

constexpr uint8_t kGetFeatures = 0x0a;
constexpr uint8_t kIdentify = 0x06;
constexpr uint32_t kOfNamespace = 0;  // CNS
constexpr uint32_t kOfController = 1;
constexpr uint32_t kHostBehavior = 0x16;
constexpr size_t kIdentifyLength = 4096;
constexpr size_t kHostBehaviorLength = 512;
constexpr unsigned kTimeoutMs = 30'000;

uint64_t address(const void* data) { return reinterpret_cast<uintptr_t>(data); }

NvmeCompletion carry_out(int fd, const NvmeRequest& request) {
  nvme_passthru_cmd command{};
  command.opcode = request.opcode;
  command.nsid = request.namespace_id;
  command.cdw10 = request.dwords[0];
  command.cdw11 = request.dwords[1];
  command.cdw12 = request.dwords[2];
  command.cdw13 = request.dwords[3];
  command.cdw14 = request.dwords[4];
  command.cdw15 = request.dwords[5];
  const bool out = !request.out.empty();
  command.addr = out ? address(request.out.data()) : address(request.in.data());
  command.data_len = static_cast<uint32_t>(out ? request.out.size() : request.in.size());
  command.timeout_ms = request.timeout_ms;
  NvmeCompletion completion;
  const int status = ::ioctl(fd, NVME_IOCTL_IO_CMD, &command);
  if (status < 0) {
    // EINTR is no signal (threads of ours take none): the kernel gave the command up, because its time was over or because the
    // controller was reset.
    completion.error = errno == EINTR ? ETIMEDOUT : errno;
    return completion;
  }
  completion.status = static_cast<uint16_t>(status);
  return completion;
}

// A command of administration that brings bytes back.
Result<std::vector<uint8_t>> ask(int fd, uint8_t opcode, uint32_t space, uint32_t dword10,
                                 size_t length) {
  std::vector<uint8_t> data(length);
  nvme_admin_cmd command{};
  command.opcode = opcode;
  command.nsid = space;
  command.cdw10 = dword10;
  command.addr = address(data.data());
  command.data_len = static_cast<uint32_t>(length);
  command.timeout_ms = kTimeoutMs;
  const int status = ::ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command);
  if (status < 0) return fail(errno, Op::offload, "the kernel does not let it be asked");
  if (status > 0) return fail(EIO, Op::offload, "the controller refuses to say");
  return data;
}

}  // namespace

Result<NvmeIdentity> KernelDevices::nvme_identity(int fd) {
  NvmeIdentity identity;
  const int id = ::ioctl(fd, NVME_IOCTL_ID);
  if (id <= 0) return fail(id < 0 ? errno : ENODEV, Op::offload, "it does not say which it is");
  identity.namespace_id = static_cast<uint32_t>(id);
  auto controller = ask(fd, kIdentify, 0, kOfController, kIdentifyLength);
  if (!controller) return fail(controller.error());
  identity.controller = std::move(*controller);
  auto space = ask(fd, kIdentify, identity.namespace_id, kOfNamespace, kIdentifyLength);
  if (!space) return fail(space.error());
  identity.space = std::move(*space);
  // Most controllers have no such feature.
  auto behavior = ask(fd, kGetFeatures, 0, kHostBehavior, kHostBehaviorLength);
  if (behavior) identity.host_behavior = std::move(*behavior);
  return identity;
}

std::unique_ptr<NvmeQueue> make_nvme_queue(int source, int destination) {
  return std::make_unique<BlockingQueue<NvmeRequest, NvmeCompletion>>(source, destination,
                                                                      carry_out);
}

}  // namespace libcopyfile
