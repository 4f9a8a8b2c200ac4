// The desk: questions that the chain must be asked for, and so wait for threads of their own.
// Included by .cc files only.
#pragma once

#include "rpc/gateway/session.h"

namespace fog::gateway {

constexpr std::size_t kDeskBodyBytesMax = 32 * 1024;

struct DeskAnswer {
  http::status status = http::status::no_content;
  std::string reason;    // of a refusal
  std::string sentence;  // the same for people
  Bytes body;            // of 200
};
DeskAnswer refusal(http::status status, const char* reason, std::string sentence);
DeskAnswer unreachable(const Error& error);

// ---- on a shard's thread ----

// A whole body; nothing when it breaks off or is larger than kDeskBodyBytesMax.
net::awaitable<std::optional<Bytes>> read_desk_body(Exchange& exchange, std::uint64_t idle_ms_max);
// Has `work` done on the desk's threads. Refuses when too many wait.
net::awaitable<DeskAnswer> ask_desk(Shard& shard, std::function<DeskAnswer()> work);
// False when the connection must be closed.
net::awaitable<bool> send_desk_answer(Exchange& exchange, DeskAnswer answer);

}  // namespace fog::gateway
