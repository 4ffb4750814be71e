#include "sys/iscsi_url.h"

#include <gtest/gtest.h>

#include "copyfile/iscsi_settings.h"
#include "sys/libiscsi.h"

namespace libcopyfile {
namespace {

TEST(IscsiUrl, HasAHostATargetAndAUnit) {
  const auto url = parse_iscsi_url("iscsi://array.example/iqn.2001-04.com.example:disks/7");
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(url->portal(), "array.example:3260");
  EXPECT_EQ(url->target, "iqn.2001-04.com.example:disks");
  EXPECT_EQ(url->lun, 7);
  EXPECT_EQ(url->user + url->password + url->target_user + url->target_password, "");
  EXPECT_FALSE(url->header_digest);
}

TEST(IscsiUrl, ASchemeKnowsNoCase) {
  EXPECT_TRUE(is_iscsi_url("iSCSI://h/iqn.x/1"));
  EXPECT_TRUE(parse_iscsi_url("ISCSI://h/iqn.x/1"));
  EXPECT_EQ(without_secrets("ISCSI://me%secret@h/iqn.x/1"), "iscsi://h/iqn.x/1");
  EXPECT_FALSE(is_iscsi_url("iscsi:/"));
  EXPECT_FALSE(is_iscsi_url("iscsix://h/iqn.x/1"));
}

TEST(IscsiUrl, HasAPortUserAndPassword) {
  for (const char* text :
       {"iscsi://me%se:cret@10.0.0.1:3261/iqn.x/0", "iscsi://me:se:cret@10.0.0.1:3261/iqn.x/0"}) {
    const auto url = parse_iscsi_url(text);
    ASSERT_TRUE(url) << url.error();
    EXPECT_EQ(url->portal(), "10.0.0.1:3261");
    EXPECT_EQ(url->user, "me");
    EXPECT_EQ(url->password, "se:cret");
  }
}

TEST(IscsiUrl, PasswordsHoldAnyCharacter) {
  const auto url = parse_iscsi_url("iscsi://me%a@b/c:d%e@host/iqn.x/0");
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "a@b/c:d%e");
  EXPECT_EQ(url->host, "host");
}

TEST(IscsiUrl, AddressesOfIpv6AreInBrackets) {
  EXPECT_EQ(parse_iscsi_url("iscsi://[fe80::1]/iqn.x/0")->portal(), "[fe80::1]:3260");
  EXPECT_EQ(parse_iscsi_url("iscsi://[::1]:99/iqn.x/0")->portal(), "[::1]:99");
}

TEST(IscsiUrl, NamesAreDecoded) {
  EXPECT_EQ(parse_iscsi_url("iscsi://h/iqn.x%3Aa%2Db/0")->target, "iqn.x:a-b");
}

TEST(IscsiUrl, HasArgumentsOfLibiscsi) {
  const auto url =
      parse_iscsi_url("iscsi://h/iqn.x/1?header_digest=crc32c&target_user=t&target_password=p");
  ASSERT_TRUE(url) << url.error();
  EXPECT_TRUE(url->header_digest);
  EXPECT_EQ(url->target_user, "t");
  EXPECT_EQ(url->target_password, "p");
  EXPECT_FALSE(parse_iscsi_url("iscsi://h/iqn.x/1?header_digest=none")->header_digest);
}

TEST(IscsiUrl, OneTextForAllUrlsOfAUnit) {
  EXPECT_EQ(parse_iscsi_url("iscsi://u%p@HOST:3260/iqn.X/1?header_digest=none")->canonical(),
            parse_iscsi_url("iscsi://host/iqn.x/1")->canonical());
  EXPECT_NE(parse_iscsi_url("iscsi://host/iqn.x/2")->canonical(),
            parse_iscsi_url("iscsi://host/iqn.x/1")->canonical());
}

TEST(IscsiUrl, WhatIsNoneSaysWhyAndNothingOfThePassword) {
  const std::string long_name(300, 'x');
  for (const std::string& text : {
           std::string("iscsi://"),
           std::string("iscsi://host"),
           std::string("iscsi://host/"),
           std::string("iscsi://me%secret@host/iqn.x"),
           std::string("iscsi://me%secret@host/iqn.x/"),
           std::string("iscsi://me%secret@host/iqn.x/one"),
           std::string("iscsi://me%secret@host/iqn.x/-1"),
           std::string("iscsi://me%secret@host/iqn.x/16384"),
           std::string("iscsi://me%secret@host/iqn.x/1/2"),
           std::string("iscsi://me%secret@/iqn.x/1"),
           std::string("iscsi://me%secret@host:0/iqn.x/1"),
           std::string("iscsi://me%secret@host:65536/iqn.x/1"),
           std::string("iscsi://me%secret@host:/iqn.x/1"),
           std::string("iscsi://[::1/iqn.x/1"),
           std::string("iscsi://[::1]9/iqn.x/1"),
           std::string("iscsi://host//1"),
           std::string("iscsi://host/iqn%2/1"),
           std::string("iscsi://host/iqn%zz/1"),
           std::string("iscsi://host/iqn%2fx/1"),
           std::string("iscsi://host/iqn.x/1?secret=1"),
           std::string("iscsi://host/iqn.x/1?header_digest=secret"),
           std::string("iscsi://host/iqn.x/1\0", 21),
           "iscsi://host/" + long_name + "/1",
           std::string("http://host/iqn.x/1"),
       }) {
    const auto url = parse_iscsi_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_FALSE(url.error().empty());
    EXPECT_EQ(url.error().find("secret"), std::string::npos) << url.error();
  }
}

TEST(IscsiUrl, MessagesShowNoSecrets) {
  EXPECT_EQ(without_secrets("iscsi://me%secret@host:1/iqn.x/1?target_password=secret"),
            "iscsi://host:1/iqn.x/1");
  EXPECT_EQ(without_secrets("iscsi://host/iqn.x/1"), "iscsi://host/iqn.x/1");
  EXPECT_EQ(without_secrets("iscsi://me%se@cret@host/iqn.x/1"), "iscsi://host/iqn.x/1");
  EXPECT_EQ(without_secrets("plain@file?name"), "plain@file?name");
}

TEST(IscsiInitiator, IsTheOneOfThisHost) {
  EXPECT_EQ(app::initiator_in("## a comment\nInitiatorName=iqn.1993-08.org.debian:01:abc\n"),
            "iqn.1993-08.org.debian:01:abc");
  EXPECT_EQ(app::initiator_in("InitiatorName=iqn.x:y # of this host"), "iqn.x:y");
  EXPECT_EQ(app::initiator_in("#InitiatorName=iqn.x:y\n"), "");
  EXPECT_EQ(app::initiator_in(""), "");
}

TEST(IscsiInitiator, IsMadeUpWhereThereIsNone) {
  EXPECT_EQ(app::initiator_for("Web_1.example"), "iqn.2026-01.invalid.copyfile:web-1.example");
  EXPECT_EQ(app::initiator_for(""), "iqn.2026-01.invalid.copyfile:host");
}

TEST(Libiscsi, ThatIsMissingIsNamed) {
  const Result<Libiscsi> library = Libiscsi::load("libiscsi-that-is-not-there.so.7");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, EOPNOTSUPP);
  EXPECT_NE(library.error().where.find("libiscsi-that-is-not-there.so.7 is not installed"),
            std::string::npos);
  EXPECT_TRUE(Libiscsi::load());
}

TEST(Libiscsi, AnotherLibraryIsNotTakenForIt) {
  const Result<Libiscsi> library = Libiscsi::load("libc.so.6");
  ASSERT_FALSE(library);
  EXPECT_NE(library.error().where.find("lacks functions"), std::string::npos);
}

}  // namespace
}  // namespace libcopyfile
