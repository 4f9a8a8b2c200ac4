// HostPort and Url: what people write for a place is read one way, and what is no place is refused.
#include "chain/base/url.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

TEST(HostPort, ReadsNamesAndAddressesWithAPort) {
  EXPECT_EQ(parse_host_port("node.example:7780"), (HostPort{"node.example", 7780}));
  EXPECT_EQ(parse_host_port("127.0.0.1:0"), (HostPort{"127.0.0.1", 0}));
  EXPECT_EQ(parse_host_port("[::1]:65535"), (HostPort{"::1", 65'535}));
}

TEST(HostPort, IsWrittenAsItIsRead) {
  for (const char* text : {"node.example:7780", "127.0.0.1:0", "[::1]:65535"}) {
    EXPECT_EQ(to_text(*parse_host_port(text)), text);
  }
}

TEST(HostPort, RefusesWhatIsNoPlace) {
  for (const char* text :
       {"", ":", ":80", "a", "a:", "a:65536", "a:000080", "a:8o", "a:+80", "a:-1", "a: 80",
        "::1:80", "[::1]", "[::1]80", "[]:80", "[::1:80", "a:80:"}) {
    EXPECT_EQ(parse_host_port(text), std::nullopt) << text;
  }
}

TEST(HostPort, APortThatMayBeMissingIsStillReadIfItIsThere) {
  EXPECT_EQ(parse_host_port("a", 80), (HostPort{"a", 80}));
  EXPECT_EQ(parse_host_port("[::1]", 80), (HostPort{"::1", 80}));
  EXPECT_EQ(parse_host_port("a:81", 80), (HostPort{"a", 81}));
  EXPECT_EQ(parse_host_port("a:", 80), std::nullopt);
  EXPECT_EQ(parse_host_port("a:x", 80), std::nullopt);
}

TEST(Url, ReadsSchemePlaceAndPath) {
  EXPECT_EQ(parse_url("http://127.0.0.1:7780"), (Url{false, {"127.0.0.1", 7780}, "/"}));
  EXPECT_EQ(parse_url("http://a/b/c?d=e:f"), (Url{false, {"a", 80}, "/b/c?d=e:f"}));
  EXPECT_EQ(parse_url("https://[::1]/"), (Url{true, {"::1", 443}, "/"}));
  EXPECT_EQ(parse_url("http://a?b"), (Url{false, {"a", 80}, "/?b"}));
}

TEST(Url, RefusesOtherSchemesAndPlacesThatCannotBeReached) {
  for (const char* text : {"", "127.0.0.1:7780", "ftp://a", "HTTP://a", "http://", "http:///path",
                           "http://:80", "http://a:0", "http://a:65536", "http://a:80x/"}) {
    EXPECT_EQ(parse_url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace fog
