// A request's head from HTTP/2 means the same in HTTP/1.1, or is refused.
#include "rpc/gateway/http2_head.h"

#include <gtest/gtest.h>

namespace fog::gateway {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields get(Fields more = {}) {
  Fields out{{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
std::string head_of(Fields fields, bool body = false) {
  bool chunked = false;
  Http2Head head;
  head.fields = std::move(fields);
  return http1_head(head, body, chunked).value_or("refused");
}

TEST(Http2Head, BecomesALineEach) {
  EXPECT_EQ(head_of(get({{"accept", "*/*"}, {"x-two", "a, b"}})),
            "GET / HTTP/1.1\r\nhost: a.example\r\naccept: */*\r\nx-two: a, b\r\n\r\n");
}

TEST(Http2Head, ABodyIsChunkedUnlessItsLengthIsSaid) {
  EXPECT_EQ(head_of(get(), true),
            "GET / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(head_of(get({{"content-length", "5"}}), true),
            "GET / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 5\r\n\r\n");
}

TEST(Http2Head, PiecesOfACookieAreJoined) {
  EXPECT_EQ(head_of(get({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}})),
            "GET / HTTP/1.1\r\nhost: a.example\r\nx: y\r\ncookie: a=1; b=2\r\n\r\n");
}

TEST(Http2Head, HostMayStandInEitherPlaceButMeansOne) {
  const Fields bare{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}};
  EXPECT_EQ(head_of(bare), "refused");
  Fields by_host = bare;
  by_host.emplace_back("host", "b.example");
  EXPECT_EQ(head_of(by_host), "GET / HTTP/1.1\r\nhost: b.example\r\n\r\n");
  EXPECT_EQ(head_of(get({{"host", "a.example"}})), "GET / HTTP/1.1\r\nhost: a.example\r\n\r\n");
  EXPECT_EQ(head_of(get({{"host", "b.example"}})), "refused");
  EXPECT_EQ(head_of(get({{"host", "a.example"}, {"host", "a.example"}})), "refused");
}

// Each would be another request, another field or another end in HTTP/1.1.
TEST(Http2Head, WhatWouldBeReadInTwoWaysIsRefused) {
  const std::vector<Fields> bad{
      get({{"x", "1\r\nhost: evil"}}),
      get({{"x", "1\nhost: evil"}}),
      get({{"x", std::string("1\0 2", 4)}}),
      get({{"x", " 1"}}),
      get({{"x", "1\t"}}),
      get({{"x y", "1"}}),
      get({{"x:", "1"}}),
      get({{"x\r\ny", "1"}}),
      get({{"", "1"}}),
      get({{"Accept", "1"}}),
      get({{"transfer-encoding", "chunked"}}),
      get({{"connection", "close"}}),
      get({{"keep-alive", "1"}}),
      get({{"proxy-connection", "close"}}),
      get({{"upgrade", "websocket"}}),
      get({{"te", "trailers, chunked"}}),
      get({{"content-length", "1"}, {"content-length", "2"}}),
      get({{"content-length", ""}}),
      get({{":path", "/again"}}),
      get({{":status", "200"}}),
      get({{":protocol", "websocket"}}),
  };
  for (const Fields& fields : bad)
    EXPECT_EQ(head_of(fields), "refused") << fields.back().first << "=" << fields.back().second;
  for (const std::string path : {"/ HTTP/1.1\r\nx: y", "/a b", "/\t", "", "/\x7f", "/\xc3\xa9"}) {
    EXPECT_EQ(
        head_of({{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", path}}),
        "refused")
        << path;
  }
  for (const std::string method : {"GET / HTTP/1.1\r\nx: y", "G T", "", "G\r\n"}) {
    EXPECT_EQ(
        head_of({{":method", method}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}),
        "refused")
        << method;
  }
  EXPECT_EQ(head_of({{":method", "GET"}, {":authority", "a"}, {":path", "/"}}), "refused");
  EXPECT_EQ(
      head_of(
          {{":method", "GET"}, {":scheme", "https"}, {":authority", "a\r\nx: y"}, {":path", "/"}}),
      "refused");
}

}  // namespace
}  // namespace fog::gateway
