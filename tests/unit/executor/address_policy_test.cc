// Where requests of services may go: to the open Internet and nowhere else.
#include "executor/address_policy.h"

#include <gtest/gtest.h>

namespace fog::executor {
namespace {

boost::asio::ip::address at(const char* text) {
  return boost::asio::ip::make_address(text);
}

TEST(AddressPolicy, TheOpenInternetIsPublic) {
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
        "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700::1111",
        "2a00:1450::1", "::ffff:1.1.1.1"}) {
    EXPECT_TRUE(is_public(at(text))) << text;
  }
}

TEST(AddressPolicy, WhatIsNotIsRefusedHoweverItIsWritten) {
  for (const char* text : {"0.0.0.0",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.192",
                           "192.168.0.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:169.254.169.254",
                           "::127.0.0.1",
                           "64:ff9b::a9fe:a9fe",
                           "fe80::1",
                           "fe80::1%lo",
                           "fc00::1",
                           "fd00:ec2::254",
                           "ff02::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "3fff::1",
                           "4000::1"}) {
    EXPECT_FALSE(is_public(at(text))) << text;
    EXPECT_FALSE(AddressPolicy().allows(at(text))) << text;
  }
}

TEST(AddressPolicy, BlocksMayBeOpenedOneByOne) {
  const AddressPolicy policy({*parse_address_block("127.0.0.0/30"), *parse_address_block("::1")});
  EXPECT_TRUE(policy.allows(at("127.0.0.1")));
  EXPECT_TRUE(policy.allows(at("::ffff:127.0.0.3")));
  EXPECT_FALSE(policy.allows(at("127.0.0.4")));
  EXPECT_TRUE(policy.allows(at("::1")));
  EXPECT_FALSE(policy.allows(at("169.254.169.254")));
  EXPECT_TRUE(policy.allows(at("1.1.1.1")));
}

TEST(AddressPolicy, BlocksAreReadStrictly) {
  EXPECT_EQ(parse_address_block("10.0.0.0/8")->bits, 104U);
  EXPECT_TRUE(parse_address_block("0.0.0.0/0")->contains(at("8.8.8.8")));
  EXPECT_FALSE(parse_address_block("0.0.0.0/0")->contains(at("2606::1")));
  for (const char* text : {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "::1/129", "localhost", "10.0.0.0/8/8"}) {
    const auto block = parse_address_block(text);
    ASSERT_FALSE(block.has_value()) << text;
    EXPECT_EQ(block.error().code, ErrorCode::kInvalidInput);
  }
}

}  // namespace
}  // namespace fog::executor
