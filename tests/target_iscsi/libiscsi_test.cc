// The server as our own initiator sees it, through libiscsi and TCP.
#include <cstring>

#include "server_fixture.h"
#include "sys/iscsi_transport.h"
#include "sys/kernel_files.h"
#include "units/unit_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

class LibiscsiTest : public ServerTest {
 protected:
  std::string url(const std::string& credentials = "", const std::string& query = "") {
    return "iscsi://" + credentials + "127.0.0.1:" + std::to_string(server().portals().at(0).port) +
           "/" + options.target_name + "/0" + query;
  }
  static IscsiSettings settings() {
    IscsiSettings s;
    s.initiator = "iqn.2026-01.invalid.test:initiator";
    return s;
  }
  // What is written is in the image, and is read again.
  void expect_usable(const IscsiSettings& who, const std::string& where) {
    const auto transport = make_iscsi_transport(who);
    KernelFiles kernel;
    UnitFiles files(kernel);
    const Result<Fd> fd = files.open(*transport, where, true);
    ASSERT_TRUE(fd) << fd.error().where;
    EXPECT_EQ(files.device_size(fd->get()), bench_options.size);
    const auto data = pattern(5 * kMiB + 77, 1);
    EXPECT_EQ(files.write(fd->get(), std::as_bytes(std::span(data)), kMiB + 13, Cache::keep),
              data.size());
    EXPECT_TRUE(files.sync(fd->get(), Sync::data));
    EXPECT_TRUE(bench().image().peek(kMiB + 13, data.size()) == data);
    std::vector<uint8_t> back(data.size());
    EXPECT_EQ(
        files.read(fd->get(), std::as_writable_bytes(std::span(back)), kMiB + 13, Cache::keep),
        back.size());
    EXPECT_TRUE(back == data);
  }
  void need(iscsi::Authentication authentication) {
    options.authentication = [authentication](const std::string&) {
      return std::optional(authentication);
    };
  }
};

TEST_F(LibiscsiTest, WhatIsWrittenIsInTheImageAndIsRead) { expect_usable(settings(), url()); }

TEST_F(LibiscsiTest, DigestsOfHeaders) {
  options.header_digest = iscsi::Digest::required;
  expect_usable(settings(), url("", "?header_digest=crc32c"));
}

TEST_F(LibiscsiTest, Passwords) {
  need({iscsi::Secret{"user", "secret secret"}, std::nullopt});
  expect_usable(settings(), url("user%secret secret@"));
}

TEST_F(LibiscsiTest, WrongPasswords) {
  need({iscsi::Secret{"user", "secret secret"}, std::nullopt});
  const auto transport = make_iscsi_transport(settings());
  EXPECT_FALSE(transport->open(url("user%secret guess!@")));
  EXPECT_FALSE(transport->open(url()));
  EXPECT_EQ(server().totals().logins, 0U);
  EXPECT_GE(server().totals().logins_failed, 2U);
}

TEST_F(LibiscsiTest, TheTargetProvesItself) {
  need({iscsi::Secret{"user", "secret secret"}, iscsi::Secret{"disks", "another secret"}});
  IscsiSettings who = settings();
  who.user = "user";
  who.password = "secret secret";
  who.target_user = "disks";
  who.target_password = "another secret";
  expect_usable(who, url());
  who.target_password = "something else";
  EXPECT_FALSE(make_iscsi_transport(who)->open(url()));
}

TEST_F(LibiscsiTest, DisksThatWouldBlock) {
  bench_options.image.would_block = true;
  expect_usable(settings(), url());
}

TEST_F(LibiscsiTest, AnotherTargetIsNotFound) {
  const auto transport = make_iscsi_transport(settings());
  const std::string wrong =
      "iscsi://127.0.0.1:" + std::to_string(server().portals().at(0).port) + "/iqn.x:y/0";
  EXPECT_FALSE(transport->open(wrong));
}

}  // namespace
}  // namespace libcopyfile::test
