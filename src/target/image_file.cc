#include "target/image.h"

namespace libcopyfile::target {

Result<std::shared_ptr<Image>> open_image(const std::string& path,
                                          const ImageOptions& /*options*/) {
  return fail(EOPNOTSUPP, Op::open, path);
}

}  // namespace libcopyfile::target
