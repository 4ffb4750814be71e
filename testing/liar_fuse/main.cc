// liar_fuse: serves a directory through FUSE and lies about it on demand (see testing/faults.h for the language).
//
//   liar_fuse DIRECTORY [--cached]
//
// Served as serve_fuse.h says, so that requests wait until we are ready and nobody has to wait for us.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "testing/liar_fuse/open_file.h"
#include "testing/liar_fuse/server.h"
#include "testing/serve_fuse.h"

namespace libcopyfile::test {
namespace {

void* liar_init(fuse_conn_info* connection, fuse_config* config) {
  // A lie takes effect at once only if the kernel remembers nothing.
  config->attr_timeout = 0;
  config->entry_timeout = 0;
  config->negative_timeout = 0;
  config->use_ino = 1;
  config->nullpath_ok = 1;  // an unlinked file has none worth looking at
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_ATOMIC_O_TRUNC);
  return nullptr;
}

}  // namespace

const fuse_operations& liar_operations() {
  static const fuse_operations kTable = [] {
    fuse_operations made{};
    made.init = liar_init;
    made.getattr = liar_getattr;
    made.open = liar_open;
    made.create = liar_create;
    made.release = liar_release;
    made.truncate = liar_truncate;
    made.read = liar_read;
    made.write = liar_write;
    made.copy_file_range = liar_copy_file_range;
    made.lseek = liar_lseek;
    made.fallocate = liar_fallocate;
    made.fsync = liar_fsync;
    made.flush = liar_flush;
    add_name_operations(made);
    add_attribute_operations(made);
    return made;
  }();
  return kTable;
}

}  // namespace libcopyfile::test

int main(int argc, char** argv) {
  using namespace libcopyfile;
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY [--cached]  (descriptor 3: /dev/fuse)\n", argv[0]);
    return 2;
  }
  test::Server& server = test::server();
  server.root = Fd(open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!server.root.valid()) {
    std::fprintf(stderr, "%s: cannot open '%s': %s\n", argv[0], argv[1], std::strerror(errno));
    return 1;
  }
  for (int i = 2; i < argc; ++i) {
    if (std::strcmp(argv[i], "--cached") == 0) server.cached = true;
  }
  umask(0);  // the kernel has applied the caller's
  test::serve_fuse(argv[0], test::liar_operations());
}
