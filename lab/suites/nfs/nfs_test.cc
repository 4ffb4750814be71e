#include "nfs_test.h"

namespace libcopyfile::test {

::testing::AssertionResult stayed_on_the_server(const NfsCounters& counters, uint64_t bytes) {
  if (counters.read < bytes / 100 && counters.written < bytes / 100) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << counters.read << " bytes were read and "
                                       << counters.written << " written, of " << bytes;
}

}  // namespace libcopyfile::test
