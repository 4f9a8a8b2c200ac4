// Which servers a manifest's patterns let a service ask.
#include "market/types/outbound.h"

#include <gtest/gtest.h>

namespace fog::market {
namespace {

bool asks(const char* pattern, const char* host, std::uint16_t port, bool tls) {
  const std::vector<OutboundPattern> patterns = {OutboundPattern(pattern)};
  return may_ask(patterns, host, port, tls);
}

TEST(Outbound, PatternsAreHostsWithOrWithoutAPort) {
  for (const char* text :
       {"example.org", "a", "*.example.org", "*.org:1", "10.0.0.1", "10.0.0.1:65535",
        "[2001:db8::1]", "[::1]:8080", "my_api.example-1.org"}) {
    EXPECT_TRUE(is_outbound_pattern(text)) << text;
  }
  for (const char* text :
       {"",       "*",      "*.",     ".",       "a.",       ".a",  "a..b", "-a",
        "a-",     "A.org",  "a b",    "a/b",     "http://a", "a:",  "a:0",  "a:65536",
        "a:1x",   "a:1:2",  "*a.org", "a.*.org", "*.*.org",  "::1", "[::1", "[]",
        "[::1]x", "[::1]:", "[a]",    "*.[::1]", "user@a"}) {
    EXPECT_FALSE(is_outbound_pattern(text)) << text;
  }
  EXPECT_TRUE(is_outbound_pattern(std::string(63, 'a')));
  EXPECT_FALSE(is_outbound_pattern(std::string(64, 'a')));
}

TEST(Outbound, AHostIsMetWholeAndOnItsPorts) {
  EXPECT_TRUE(asks("example.org", "example.org", 443, true));
  EXPECT_TRUE(asks("example.org", "example.org", 80, false));
  EXPECT_FALSE(asks("example.org", "example.org", 80, true));
  EXPECT_FALSE(asks("example.org", "example.org", 8080, false));
  EXPECT_TRUE(asks("example.org:8080", "example.org", 8080, false));
  EXPECT_FALSE(asks("example.org:8080", "example.org", 80, false));
  EXPECT_FALSE(asks("example.org", "sub.example.org", 443, true));
  EXPECT_FALSE(asks("example.org", "badexample.org", 443, true));
  EXPECT_FALSE(asks("example.org", "example.org.evil.net", 443, true));
  EXPECT_TRUE(asks("[::1]:80", "::1", 80, false));
  EXPECT_FALSE(may_ask({}, "example.org", 443, true));
}

TEST(Outbound, AStarIsAnyNameBelowADomain) {
  EXPECT_TRUE(asks("*.example.org", "a.example.org", 443, true));
  EXPECT_TRUE(asks("*.example.org", "a.b.example.org", 443, true));
  EXPECT_FALSE(asks("*.example.org", "example.org", 443, true));
  EXPECT_FALSE(asks("*.example.org", ".example.org", 443, true));
  EXPECT_FALSE(asks("*.example.org", "badexample.org", 443, true));
}

}  // namespace
}  // namespace fog::market
