// The hot path of tx_submit: reads a body of nothing but tx_submit calls in one pass, with the hex
// decoded straight out of the parsed text. It knows only the exact common forms and leaves every
// other body, right or wrong, to the general reader, which has the last word on errors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chain/api/node_api.h"

namespace fog::rpc {

// Bytes that must lie behind the text in the string's capacity.
constexpr std::size_t kJsonPadding = 64;

struct FastCall {
  std::string id;  // JSON text; empty for a notification
  std::size_t first = 0;
  std::size_t count = 0;
  bool list = false;  // an array was given, so an array is answered
};
struct FastSubmit {
  bool batch = false;
  std::vector<FastCall> calls;
  std::vector<Bytes> txs;  // of all calls, in order
};

// Nothing when the body is anything else. The body's capacity must exceed its size by kJsonPadding.
std::optional<FastSubmit> read_fast_submit(const std::string& body, std::size_t batch_max,
                                           std::size_t txs_max);

// The response body for the replies, one a transaction; empty when all calls were notifications.
std::string write_fast_replies(const FastSubmit& submit, const std::vector<SubmitReply>& replies);

// Hex digits into bytes; false for an odd length or a foreign character. `out` takes size / 2
// bytes.
bool decode_hex_into(const char* hex, std::size_t size, std::uint8_t* out);

}  // namespace fog::rpc
