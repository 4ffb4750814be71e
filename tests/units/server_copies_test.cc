// What clients of network file systems tell comes through to those above.
#include <gtest/gtest.h>

#include "sys/kernel_files.h"
#include "testing/fake_transport.h"
#include "testing/faulty_files.h"
#include "testing/loop_device.h"
#include "units/unit_files.h"

namespace libcopyfile::test {
namespace {

class OnAServer final : public FaultyFiles {
 public:
  using FaultyFiles::FaultyFiles;
  ServerCopies server_copies(int) override { return {ServerCopy::possible, 3}; }
};

TEST(UnitFilesOnAServer, FilesAreAskedForAndUnitsAreNot) {
  KernelFiles kernel;
  FdNames names;
  Script script(names);
  OnAServer server(kernel, script);
  UnitFiles files(server);
  FakeTransport transport;
  transport.add("one", make_fake_disk(1, 2048));
  const Result<Fd> unit = files.open(transport, "one", false);
  ASSERT_TRUE(unit);
  const Fd file = make_image(4096, "");
  EXPECT_EQ(files.server_copies(file.get()).state, ServerCopy::possible);
  EXPECT_EQ(files.server_copies(file.get()).requests, 3U);
  EXPECT_EQ(files.server_copies(unit->get()).state, ServerCopy::unknown);
}

}  // namespace
}  // namespace libcopyfile::test
