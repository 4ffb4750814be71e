#include "base/error.h"

#include <cstring>

namespace libcopyfile {

std::string_view describe(Op op) {
  switch (op) {
    case Op::none: return "go on";
    case Op::validate: return "accept the request";
    case Op::open: return "open";
    case Op::stat: return "stat";
    case Op::read: return "read";
    case Op::write: return "write";
    case Op::clone: return "clone";
    case Op::copy_range: return "copy_file_range";
    case Op::seek: return "find data and holes of";
    case Op::map_extents: return "map the extents of";
    case Op::allocate: return "allocate space for";
    case Op::punch: return "punch a hole into";
    case Op::truncate: return "set the size of";
    case Op::sync: return "sync";
    case Op::sync_directory: return "sync the directory of";
    case Op::create: return "create a private file for";
    case Op::link: return "link";
    case Op::rename: return "rename";
    case Op::unlink: return "remove";
    case Op::set_owner: return "set the owner of";
    case Op::set_mode: return "set the mode of";
    case Op::set_times: return "set the times of";
    case Op::get_attribute: return "read an attribute of";
    case Op::set_attribute: return "set an attribute of";
    case Op::thread: return "start a thread for";
    case Op::queue: return "queue I/O for";
    case Op::load: return "load the library";
    case Op::digest: return "compute the digest of";
    case Op::verify: return "verify";
    case Op::progress: return "report progress on";
    case Op::offload: return "let the storage copy";
  }
  return "go on";
}

std::string Error::message() const {
  std::string text = "cannot ";
  text += describe(op);
  if (!where.empty()) text += " '" + where + "'";
  if (!range.empty()) text += " at offset " + std::to_string(range.begin);
  text += ": ";
  text += strerrordesc_np(code) != nullptr ? strerrordesc_np(code) : "unknown error";
  return text;
}

bool is_not_supported(int code) { return code == EOPNOTSUPP || code == ENOTTY || code == ENOSYS; }

bool is_no_space(int code) { return code == ENOSPC || code == EDQUOT || code == EFBIG; }

}  // namespace libcopyfile
