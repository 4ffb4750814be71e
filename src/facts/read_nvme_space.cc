#include "facts/read_nvme_space.h"

namespace libcopyfile {

Result<NvmeSpace> read_nvme_space(Devices& devices, int fd) {
  const Result<NvmeIdentity> identity = devices.nvme_identity(fd);
  if (!identity) return fail(identity.error());
  const auto controller = wire::decode_controller_copy(identity->controller);
  const auto space = wire::decode_namespace_copy(identity->space);
  if (!controller || !space) return fail(EPROTO, Op::offload, "it does not say what it is");
  if (space->blocks == 0 || space->blocks > kMaxOffset / space->block_length) {
    return fail(EPROTO, Op::offload, "it does not say how large it is");
  }
  return NvmeSpace{identity->namespace_id, *controller,
                   wire::decode_enabled_formats(identity->host_behavior), *space};
}

}  // namespace libcopyfile
