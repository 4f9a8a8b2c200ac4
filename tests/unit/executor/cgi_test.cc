// A request becomes a CGI environment, and what a command writes becomes a response or a clear
// fault.
#include "executor/cgi.h"

#include <map>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog::executor {
namespace {

using ManifestEnv = BoundedMap<BoundedText<64>, BoundedText<1024>, 64>;

market::RequestHead request() {
  market::RequestHead head;
  head.method = "POST";
  head.target = "/a%20b/c?x=1&y=%41";
  head.fields = {{"Host", "shop.example:8443"}, {"Content-Type", "application/json"},
                 {"Content-Length", "12"},      {"Accept-Language", "de"},
                 {"Accept-Language", "en"},     {"Proxy", "http://evil"},
                 {"Connection", "keep-alive"},  {"Fog-Index", "7"}};
  market::make_canonical(head);
  return head;
}

std::map<std::string, std::string> environment(const market::RequestHead& head,
                                               const ManifestEnv& env = {}) {
  const Environment list = cgi_environment(head, env);
  EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
  return {list.begin(), list.end()};
}

TEST(CgiEnvironment, SaysWhatTheRequestIs) {
  auto env = environment(request());
  EXPECT_EQ(env["REQUEST_METHOD"], "POST");
  EXPECT_EQ(env["PATH_INFO"], "/a b/c");
  EXPECT_EQ(env["QUERY_STRING"], "x=1&y=%41");
  EXPECT_EQ(env["CONTENT_TYPE"], "application/json");
  EXPECT_EQ(env["CONTENT_LENGTH"], "12");
  EXPECT_EQ(env["SERVER_NAME"], "shop.example");
  EXPECT_EQ(env["SERVER_PORT"], "8443");
  EXPECT_EQ(env["GATEWAY_INTERFACE"], "CGI/1.1");
  EXPECT_EQ(env["SERVER_PROTOCOL"], "HTTP/1.1");
  EXPECT_EQ(env["HTTP_ACCEPT_LANGUAGE"], "de, en");
  EXPECT_EQ(env["HTTP_HOST"], "shop.example:8443");
  for (const char* hidden : {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_PROXY",
                             "HTTP_CONNECTION", "HTTP_FOG_INDEX"}) {
    EXPECT_FALSE(env.contains(hidden)) << hidden;
  }
}

TEST(CgiEnvironment, HasTheManifestsVariablesButNotForTheRequestsOwn) {
  const ManifestEnv manifest = {{"GREETING", "hi"},
                                {"REQUEST_METHOD", "DELETE"},
                                {"CONTENT_LENGTH", "99"},
                                {"A=B", "x"},
                                {"NUL", BoundedText<1024>(std::string("a\0b", 3))}};
  market::RequestHead bare;
  bare.method = "GET";
  bare.target = "/";
  auto env = environment(bare, manifest);
  EXPECT_EQ(env["GREETING"], "hi");
  EXPECT_EQ(env["REQUEST_METHOD"], "GET");
  EXPECT_FALSE(env.contains("CONTENT_LENGTH"));
  EXPECT_FALSE(env.contains("A=B"));
  EXPECT_FALSE(env.contains("NUL"));
  EXPECT_EQ(env["SERVER_NAME"], "localhost");
}

TEST(CgiEnvironment, NamesTheEndUserAsTheGatewayDoes) {
  market::RequestHead head = request();
  EXPECT_EQ(environment(head)["REMOTE_ADDR"], "0.0.0.0");
  head.fields.push_back({"x-forwarded-for", "10.0.0.1, 198.51.100.7"});
  EXPECT_EQ(environment(head)["REMOTE_ADDR"], "198.51.100.7");
}

TEST(CgiEnvironment, LeavesBrokenAndNulSequencesOfThePathAlone) {
  market::RequestHead head;
  head.method = "GET";
  head.target = "/%zz%00%4";
  EXPECT_EQ(environment(head)["PATH_INFO"], "/%zz%00%4");
}

Result<CgiHead, CgiFault> parse(std::string_view text) {
  return parse_cgi_head(as_bytes(text));
}

TEST(CgiResponse, TakesBothLineEndings) {
  for (const std::string& eol : {std::string("\n"), std::string("\r\n")}) {
    const std::string head =
        "Status: 201 Created" + eol + "content-type:  text/plain " + eol + "X-A: b: c" + eol + eol;
    const auto parsed = parse(head + "body");
    ASSERT_TRUE(parsed.has_value()) << parsed.error();
    EXPECT_EQ(parsed->head.status, 201);
    EXPECT_EQ(parsed->body_from, head.size());
    ASSERT_EQ(parsed->head.fields.size(), 2U);
    EXPECT_EQ(parsed->head.fields[0], (market::HttpField{"content-type", "text/plain"}));
    EXPECT_EQ(parsed->head.fields[1], (market::HttpField{"x-a", "b: c"}));
  }
}

TEST(CgiResponse, HasItsDefaults) {
  EXPECT_EQ(parse("Content-Type: a/b\n\n")->head.status, 200);
  EXPECT_EQ(parse("Location: /there\n\n")->head.status, 302);
  EXPECT_EQ(parse("Location: https://x.example/y\nStatus: 307\n\n")->head.status, 307);
  EXPECT_EQ(parse("Status: 204\n\n")->head.status, 204);
  // Length is the link's business.
  EXPECT_EQ(parse("Content-Type: a/b\nContent-Length: 9\n\n")->head.fields.size(), 1U);
}

TEST(CgiResponse, RefusesWhatIsNoHead) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "nothing was written"},
      {"hello world\n\n", "without a name and a colon"},
      {": x\n\n", "without a name and a colon"},
      {"Content-Type: a/b\n", "no empty line"},
      {"Content-Type: a/b", "no empty line"},
      {"X-Other: 1\n\n", "none of Content-Type"},
      {"\n\nbody", "none of Content-Type"},
      {"Status: 200\n\nbody", "a body without a Content-Type"},
      {"Content-Type: a/b\n folded\n\n", "folded"},
      {"Content Type: a/b\n\n", "a character that no name has"},
      {"Content-Type: a\x01\n\n", "control character"},
      {"Content-Type: a/b\rX: y\n\n", "control character"},
      {"Status: 99\n\n", "Status"},
      {"Status: 600\n\n", "Status"},
      {"Status: 101\n\n", "Status"},
      {"Status: 2000\n\n", "Status"},
      {"Status: ok\n\n", "Status"},
      {"Status: 200\nStatus: 200\n\n", "two Status"},
      {"Content-Type: a/b\nContent-Type: a/b\n\n", "two Content-Type"},
      {"Content-Type:\n\n", "empty Content-Type"},
      {"Location: nowhere\n\n", "Location"},
      {"Location:\n\n", "Location"},
      {"Transfer-Encoding: chunked\nContent-Type: a/b\n\n", "not for a service"},
      {"Connection: close\nContent-Type: a/b\n\n", "not for a service"},
      {"Fog-Fuel: 1\nContent-Type: a/b\n\n", "not for a service"},
      {std::string(300, 'n') + ": x\n\n", "too long"},
      {"Content-Type: a/b\nX: " + std::string(20'000, 'v') + "\n\n", "too long"},
  };
  for (const auto& [text, fault] : cases) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed.has_value()) << text.substr(0, 60);
    EXPECT_NE(parsed.error().find(fault), std::string::npos)
        << text.substr(0, 60) << ": " << parsed.error();
  }
}

TEST(CgiResponse, IsBounded) {
  std::string many = "Content-Type: a/b\n";
  for (int i = 0; i < 127; ++i) many += "X-" + std::to_string(i) + ": y\n";
  EXPECT_TRUE(parse(many + "\n").has_value());
  EXPECT_FALSE(parse(many + "X-More: z\n\n").has_value());
  std::string long_head = "Content-Type: a/b\n";
  while (long_head.size() < kCgiHeadBytesMax) long_head += "X: " + std::string(1000, 'v') + "\n";
  EXPECT_NE(parse(long_head + "\n").error().find("64 KiB"), std::string::npos);
}

// Whatever bytes come, the answer is a fault or a head within its bounds.
TEST(CgiResponse, AnswersAnyBytes) {
  fog::testing::SeededRng rng(11);
  const std::string alphabet = "Status: 20Content-Type:\r\n\n x/y\t\0\x7f";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t size = rng.below(60); size > 0; --size) {
      text += alphabet[rng.below(alphabet.size())];
    }
    const auto parsed = parse(text);
    if (!parsed) continue;
    EXPECT_LE(parsed->body_from, text.size());
    EXPECT_GE(parsed->head.status, 200);
  }
}

}  // namespace
}  // namespace fog::executor
