// What our FUSE programs have in common. Descriptor 3 is an opened /dev/fuse that is mounted already; standard input is the
// life line: at its end the server goes, whatever its mount does.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

namespace libcopyfile::test {

[[noreturn]] inline void serve_fuse(std::string name, const fuse_operations& operations) {
  char* words[] = {name.data(), nullptr};
  fuse_args arguments = FUSE_ARGS_INIT(1, words);
  fuse* session = fuse_new(&arguments, &operations, sizeof operations, nullptr);
  if (session == nullptr || fuse_mount(session, "/dev/fd/3") != 0) {
    std::fprintf(stderr, "%s: cannot serve descriptor 3\n", name.c_str());
    _exit(1);
  }
  std::thread([] {
    char byte = 0;
    while (read(0, &byte, 1) > 0) {
    }
    _exit(0);
  }).detach();
  // Nothing is worth tidying up: whoever unmounts waits for us, and the thread sanitizer would wait another second.
  _exit(fuse_loop(session) == 0 ? 0 : 1);
}

}  // namespace libcopyfile::test
