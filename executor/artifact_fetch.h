// HTTP/1.1 with gateways, in the clear or by TLS: one download of an artifact into a file, resumed
// where the file ends; and a short question with its answer.
#pragma once

#include <functional>
#include <string>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog::executor {

struct FetchPlan {
  std::string endpoint;         // "http://host:port" or https
  std::string target;           // "/.fog/artifacts/<hex>"
  std::string file;             // written to; may hold the beginning
  std::uint64_t bytes_max = 0;  // more is refused and not written
  std::uint64_t step_timeout_ms = 20'000;
};

struct Fetched {
  std::uint64_t bytes = 0;  // of the file
  Hash32 digest;            // SHA-256 of all of it, taken while it came
};
// Returns when the body has ended; the file may still be short or wrong, which its hash tells. A
// server that does not know ranges sends all of it, and the file begins anew. kNotFound for a 404,
// kRejected for another status, kExhausted for too many bytes, kNetwork, kTimeout, kInvalidInput
// for an endpoint that is none.
ErrorOr<Fetched> fetch_file(const FetchPlan& plan, const std::function<bool()>& go_on);

struct PostPlan {
  std::string endpoint;
  std::string target;
  Bytes body;
  std::uint64_t answer_bytes_max = 0;
  std::uint64_t step_timeout_ms = 20'000;
};
// The body of an answer with status 200; kRejected names another status. Else as fetch_file.
ErrorOr<Bytes> post_bytes(const PostPlan& plan, const std::function<bool()>& go_on);

}  // namespace fog::executor
