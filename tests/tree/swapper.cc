#include "swapper.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <new>

#include "testing/scratch_error.h"

namespace libcopyfile::test {

Swapper::Shared* Swapper::share() {
  void* const page =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw ScratchError::of_errno("share memory");
  return new (page) Shared;
}

Swapper::Swapper(std::function<size_t(size_t)> act)
    : shared_(share()), child_([this, &act] {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (size_t i = 0; !shared_->stop; ++i) shared_->swaps += act(i);
        return 0;
      }) {}

Swapper::~Swapper() {
  shared_->stop = true;
  child_.wait();
  munmap(shared_, sizeof(Shared));
}

bool exchange(int a_dir, const char* a, int b_dir, const char* b) {
  return syscall(SYS_renameat2, a_dir, a, b_dir, b, RENAME_EXCHANGE) == 0;
}

}  // namespace libcopyfile::test
