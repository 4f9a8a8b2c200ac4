// What an operator may write down as a peer, and what addresses mean.
#include "chain/net/peer_address.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

const std::string kId = "028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7";

TEST(PeerAddress, IsReadAndWrittenInOneForm) {
  for (const std::string where :
       {"127.0.0.1:9735", "example.org:1", "node-1.example:65535", "[2001:db8::1]:9735"}) {
    const auto parsed = parse_peer_address(kId + "@" + where);
    ASSERT_TRUE(parsed) << where;
    EXPECT_EQ(to_hex(parsed->id), kId);
    EXPECT_EQ(peer_address_text(*parsed), kId + "@" + where);
  }
  EXPECT_EQ(parse_peer_address(kId + "@[::1]:7")->host, "::1");
}

TEST(PeerAddress, SaysWhatIsWrong) {
  const std::string not_a_point = "04" + kId.substr(2);
  for (const std::string& text : std::vector<std::string>{
           std::string(), kId, kId + "@", kId + "@host", kId + "@host:", kId + "@host:0",
           kId + "@host:65536", kId + "@host:1x", kId + "@:1", kId + "@ho st:1", kId + "@::1:1",
           kId + "@[host]:1", "02@host:1", not_a_point + "@host:1", kId.substr(2) + "@host:1"}) {
    const auto parsed = parse_peer_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(parsed.error().context.find("id@host:port"), std::string::npos);
  }
}

TEST(IpAddress, TextAndBytesGoBothWays) {
  for (const std::string text : {"1.2.3.4", "::1", "2001:db8::1", "255.255.255.255"}) {
    const auto ip = parse_ip(text);
    ASSERT_TRUE(ip) << text;
    EXPECT_EQ(ip_text(*ip), text);
  }
  for (const std::string text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "localhost", ":::"})
    EXPECT_FALSE(parse_ip(text)) << text;
}

TEST(IpAddress, KnowsItsKind) {
  const auto ip = [](const char* text) { return *parse_ip(text); };
  for (const char* text : {"127.0.0.1", "127.9.9.9", "::1"}) EXPECT_TRUE(is_loopback(ip(text)));
  for (const char* text : {"126.255.255.255", "128.0.0.1", "::2", "::"})
    EXPECT_FALSE(is_loopback(ip(text))) << text;
  for (const char* text : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.0.1",
                           "100.64.0.1", "fd00::1", "fe80::1", "127.0.0.1"})
    EXPECT_TRUE(is_local(ip(text))) << text;
  for (const char* text : {"11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.1.1", "100.128.0.1",
                           "2001:db8::1", "fe00::1"})
    EXPECT_FALSE(is_local(ip(text))) << text;
  for (const char* text : {"0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1"})
    EXPECT_FALSE(is_dialable(ip(text))) << text;
  for (const char* text : {"1.0.0.0", "223.255.255.255", "::1", "2001:db8::1"})
    EXPECT_TRUE(is_dialable(ip(text))) << text;
}

TEST(IpAddress, GroupsAreWhatOneOperatorOwnsCheaply) {
  const auto group = [](const char* text) { return net_group(*parse_ip(text)); };
  EXPECT_EQ(group("1.2.3.4"), group("1.2.255.0"));
  EXPECT_NE(group("1.2.3.4"), group("1.3.3.4"));
  EXPECT_EQ(group("2001:db8::1"), group("2001:db8:ffff::1"));
  EXPECT_NE(group("2001:db8::1"), group("2001:db9::1"));
}

}  // namespace
}  // namespace fog
