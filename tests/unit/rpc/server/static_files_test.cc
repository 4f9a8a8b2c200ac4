#include "rpc/server/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/server/server.h"
#include "tests/support/fake_node.h"
#include "tests/support/raw_http.h"

namespace fog::rpc {
namespace {

using testing::FakeNode;
using ::testing::HasSubstr;
using testing::RawHttp;
using testing::RawResponse;

constexpr StaticFile kFiles[] = {
    {"/", "text/html; charset=utf-8", "W/\"aa\"", "default-src 'self'", false, "<p>hello</p>",
     "zipped page"},
    {"/assets/a-1.js", "text/javascript", "W/\"bb\"", "default-src 'none'", true, "let a;", ""},
};

TEST(StaticFiles, GzipIsTakenOnlyByWhoSaysSo) {
  EXPECT_TRUE(takes_gzip("gzip"));
  EXPECT_TRUE(takes_gzip("deflate, GZip ;q=0.5, br"));
  EXPECT_TRUE(takes_gzip("br, *"));
  EXPECT_TRUE(takes_gzip("br, gzip;q=0.001"));
  EXPECT_FALSE(takes_gzip(""));
  EXPECT_FALSE(takes_gzip("br, deflate"));
  EXPECT_FALSE(takes_gzip("gzip;q=0"));
  EXPECT_FALSE(takes_gzip("*, gzip; q=0.000"));
  EXPECT_FALSE(takes_gzip("*;q=0"));
  EXPECT_FALSE(takes_gzip("gzipped"));
}

TEST(StaticFiles, TagsAreComparedWeakly) {
  EXPECT_TRUE(names_tag("\"aa\"", "W/\"aa\""));
  EXPECT_TRUE(names_tag("\"x\", W/\"aa\"", "W/\"aa\""));
  EXPECT_TRUE(names_tag("*", "W/\"aa\""));
  EXPECT_FALSE(names_tag("", "W/\"aa\""));
  EXPECT_FALSE(names_tag("aa", "W/\"aa\""));
  EXPECT_FALSE(names_tag("\"aab\"", "W/\"aa\""));
}

TEST(StaticFiles, APathIsKnownExactlyOrNotAtAll) {
  const StaticSite site(kFiles);
  EXPECT_NE(site.find("/"), nullptr);
  EXPECT_NE(site.find("/?x=1"), nullptr);
  EXPECT_NE(site.find("/assets/a-1.js?v"), nullptr);
  for (const char* path : {"", "/index.html", "//", "/.", "/assets", "/assets/", "/assets/../",
                           "/assets/a-1.js/", "/assets/%61-1.js", "/ASSETS/a-1.js",
                           "/../etc/passwd", "assets/a-1.js", "*", "http://127.0.0.1/"}) {
    EXPECT_EQ(site.find(path), nullptr) << path;
  }
  EXPECT_EQ(StaticSite().find("/"), nullptr);
}

class SiteServer : public ::testing::Test {
 protected:
  SiteServer() {
    ServerOptions options;
    options.site = StaticSite(kFiles);
    auto server = RpcServer::start(node_, options);
    EXPECT_TRUE(server.has_value());
    server_ = *std::move(server);
  }
  // `what`: method and target.
  std::string request(const std::string& what, const std::string& more = "") {
    return what + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + "\r\n";
  }

  FakeNode node_;
  std::unique_ptr<RpcServer> server_;
};

TEST_F(SiteServer, ServesItsFilesWithTheirHeadersOnOneConnection) {
  RawHttp http(server_->port());
  ASSERT_TRUE(http.send(request("GET /") + request("GET /assets/a-1.js") +
                        request("GET /", "Accept-Encoding: br, gzip\r\n")));
  const RawResponse page = http.receive();
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<p>hello</p>");
  EXPECT_EQ(page.fields.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.fields.at("content-security-policy"), "default-src 'self'");
  EXPECT_EQ(page.fields.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.fields.at("referrer-policy"), "no-referrer");
  EXPECT_EQ(page.fields.at("cache-control"), "no-cache");
  EXPECT_EQ(page.fields.at("vary"), "Accept-Encoding");
  EXPECT_EQ(page.fields.count("content-encoding"), 0U);
  const RawResponse script = http.receive();
  EXPECT_EQ(script.body, "let a;");
  EXPECT_THAT(script.fields.at("cache-control"), HasSubstr("immutable"));
  const RawResponse zipped = http.receive();
  EXPECT_EQ(zipped.body, "zipped page");
  EXPECT_EQ(zipped.fields.at("content-encoding"), "gzip");
}

TEST_F(SiteServer, AnswersHeadWithTheLengthAlone) {
  RawHttp http(server_->port());
  ASSERT_TRUE(http.send(request("HEAD /", "Connection: close\r\n")));
  const std::string all = http.rest();
  EXPECT_THAT(all, HasSubstr("200 OK"));
  EXPECT_THAT(all, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_TRUE(all.ends_with("\r\n\r\n")) << all;
}

TEST_F(SiteServer, SaysThatAKnownFileHasNotChanged) {
  RawHttp http(server_->port());
  ASSERT_TRUE(http.send(request("GET /", "If-None-Match: W/\"aa\"\r\n") +
                        request("GET /", "If-None-Match: \"old\"\r\n")));
  const RawResponse same = http.receive();
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.fields.at("etag"), "W/\"aa\"");
  EXPECT_EQ(http.receive().status, 200);
}

TEST_F(SiteServer, RefusesOtherPathsMethodsAndHosts) {
  const auto status = [&](const std::string& text) {
    RawHttp http(server_->port());
    EXPECT_TRUE(http.send(text));
    return http.receive().status;
  };
  EXPECT_EQ(status(request("GET /nothing")), 404);
  EXPECT_EQ(status(request("GET /assets/../")), 404);
  EXPECT_EQ(status(request("GET /assets/%2e%2e/")), 404);
  EXPECT_EQ(status(request("PUT /")), 405);
  EXPECT_EQ(status(request("POST /assets/a-1.js", "Content-Length: 0\r\n")), 404);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
  EXPECT_EQ(status(request("GET /", "Origin: http://evil.example\r\n")), 403);
}

// A sandboxed frame of the site has no origin: it loads what it is made of, and calls nothing.
TEST_F(SiteServer, GivesFilesAndNothingElseToAFrameWithoutAnOrigin) {
  const auto status = [&](const std::string& text) {
    RawHttp http(server_->port());
    EXPECT_TRUE(http.send(text));
    return http.receive().status;
  };
  const std::string origin = "Origin: null\r\n";
  EXPECT_EQ(status(request("GET /assets/a-1.js", origin)), 200);
  EXPECT_EQ(status(request("GET /health", origin)), 403);
  EXPECT_EQ(status(request("POST /", origin + "Content-Length: 2\r\n") + "{}"), 403);
}

// A body that comes with a GET is not read: what it says must not be taken for the next request.
TEST_F(SiteServer, EndsTheConnectionAfterAGetWithABody) {
  RawHttp http(server_->port());
  ASSERT_TRUE(http.send(request("GET /", "Content-Length: 5\r\n") + "hello"));
  EXPECT_EQ(http.receive().status, 200);
  EXPECT_TRUE(http.ended());
}

TEST_F(SiteServer, StillTakesCallsAndHealthBesideIt) {
  RawHttp http(server_->port());
  ASSERT_TRUE(http.send(request("GET /health") + request("GET /")));
  EXPECT_THAT(http.receive().body, HasSubstr("ok, height"));
  EXPECT_EQ(http.receive().body, "<p>hello</p>");
  EXPECT_EQ(http.post(R"({"jsonrpc":"2.0","method":"chain_status","id":1})").status, 200);
}

}  // namespace
}  // namespace fog::rpc
