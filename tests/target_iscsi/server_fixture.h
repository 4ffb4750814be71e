// A server in this process, with disks in memory, and initiators that are connected to it by pairs of sockets.
#pragma once

#include <gtest/gtest.h>

#include "iscsi/server.h"
#include "testing/iscsi_initiator.h"
#include "testing/target_bench.h"

namespace libcopyfile::test {

class ServerTest : public testing::Test {
 public:
  ServerTest();
  ~ServerTest() override;

 protected:
  // With these options; the first call of server() does so with `options`.
  iscsi::Server& server();
  iscsi::ServerOptions options;
  TargetBench::Options bench_options;
  TargetBench& bench();

  IscsiInitiator connect();
  // Connected, logged in, and rid of unit attentions.
  IscsiInitiator logged_in(const IscsiInitiator::Keys& keys = {});
  // Waits until it is so.
  static bool eventually(const std::function<bool()>& condition);

  // What the initiator sends and gets.
  static std::vector<uint8_t> pattern(size_t size, uint8_t seed);
  static wire::iscsi::ScsiCommand write10(IscsiInitiator& initiator, uint32_t lba, uint16_t blocks);
  static wire::iscsi::ScsiCommand read10(IscsiInitiator& initiator, uint32_t lba, uint16_t blocks);
  // One Data-Out.
  static void send_data(IscsiInitiator& initiator, const wire::iscsi::ReadyToTransfer& asked,
                        wire::View all, uint32_t data_sn = 0);

 private:
  std::unique_ptr<TargetBench> bench_;
  std::unique_ptr<iscsi::Server> server_;
};

}  // namespace libcopyfile::test
