#include "rpc/programs/cli/upload.h"

#include "rpc/client/http_client.h"

namespace fog::cli {

ErrorOr<void> upload_artifact(const std::string& endpoint, const Hash32& digest, ByteView content) {
  TRY(auto url, rpc::parse_http_url(endpoint));
  rpc::HttpClient client(std::move(url));
  rpc::HttpRequest request;
  request.method = "PUT";
  request.target = "/.fog/artifacts/" + to_hex(digest);
  request.content_type = "application/octet-stream";
  request.body = as_text(content);
  // A line of 4 Mbit/s is enough.
  request.timeout_ms = 300'000 + content.size() / 500;
  request.answer_bytes_max = 64 * 1024;
  TRY(const auto answer, client.exchange(request));
  if (answer.status / 100 == 2) return {};
  return fail(ErrorCode::kRejected, "the gateway refused (" + std::to_string(answer.status) +
                                        "): " + answer.body.substr(0, 300));
}

}  // namespace fog::cli
