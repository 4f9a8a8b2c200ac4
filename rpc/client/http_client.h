// HttpClient: a blocking HTTP/1.1 client to one server, with kept connections and bounds on
// everything. Safe from any thread: each call uses a connection of its own while it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog::rpc {

struct HttpUrl {
  std::string host;  // name or IP address, without brackets
  std::string port;
  std::string path;  // "/" at least
};
// "http://HOST[:PORT][/PATH]". kInvalidInput says what is wrong; https is refused by name.
ErrorOr<HttpUrl> parse_http_url(std::string_view text);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string content_type;  // empty: none
  std::string bearer_token;  // empty: none
  std::string_view body;
  std::uint64_t timeout_ms = 30'000;  // for the whole exchange
  std::uint64_t answer_bytes_max = 64ULL * 1024 * 1024;
};
struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(HttpUrl url);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const HttpUrl& url() const { return url_; }
  // Any status is an answer. kNetwork (cannot connect, connection lost), kTimeout, kProtocol (not
  // HTTP), kExhausted (answer too large). A kept connection that turns out dead is replaced once,
  // before any byte of an answer: the server may then see the request a second time.
  ErrorOr<HttpAnswer> exchange(const HttpRequest& request);

 private:
  struct Pool;
  const HttpUrl url_;
  const std::unique_ptr<Pool> pool_;
};

}  // namespace fog::rpc
