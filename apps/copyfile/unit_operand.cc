// Operands that are logical units.
#include "copyfile/context.h"
#include "sys/iscsi_url.h"
#include "sys/sg_transport.h"

namespace libcopyfile::app {

bool Context::names_unit(const std::string& operand) {
  if (is_iscsi_url(operand)) return true;
  const Result<FileStat> there = names.stat(kCurrentDirectory, operand, true);
  return there && is_sg_node(*there);
}

Result<Fd> Context::open_unit(const std::string& operand, bool write) {
  if (is_iscsi_url(operand)) return open_url(operand, write);
  if (!generic) generic = make_sg_transport();
  return files.open(*generic, operand, write);
}

}  // namespace libcopyfile::app
