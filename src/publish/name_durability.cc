#include "publish/name_durability.h"

#include "sys/transfer.h"

namespace libcopyfile {

Done sync_names(Files& files, Names& names, int dir, const std::string& name) {
  Result<Fd> fd = names.open(dir, ".", Open::directory);
  if (!fd) return fail(fd.error());
  const Done ok = retry_interrupted([&] { return files.sync(fd->get(), Sync::all); });
  if (!ok) return fail(ok.error().code, Op::sync_directory, name);
  return {};
}

Published after_naming(Files& files, Names& names, int dir, const std::string& name,
                       Durability durability) {
  if (durability != Durability::durable) return {durability, {}};
  const Done ok = sync_names(files, names, dir, name);
  if (ok) return {Durability::durable, {}};
  return {Durability::ordered, ok.error()};
}

}  // namespace libcopyfile
