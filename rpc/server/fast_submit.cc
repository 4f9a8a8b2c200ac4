#include "rpc/server/fast_submit.h"

#include <array>
#include <simdjson.h>

#include "rpc/json/codec.h"
#include "rpc/json/rpc_error.h"

namespace fog::rpc {
namespace {

namespace dom = simdjson::dom;
static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);

constexpr std::uint8_t kForeign = 0xFF;
constexpr std::array<std::uint8_t, 256> make_digits() {
  std::array<std::uint8_t, 256> out{};
  out.fill(kForeign);
  for (std::uint8_t i = 0; i < 10; ++i) out[static_cast<std::size_t>('0' + i)] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    out[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
    out[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
  }
  return out;
}
constexpr std::array<std::uint8_t, 256> kDigits = make_digits();

class FastReader {
 public:
  explicit FastReader(std::size_t txs_max) : txs_max_(txs_max) {}

  bool call(const dom::element& element) {
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return false;
    FastCall out;
    out.first = result.txs.size();
    bool version = false, method = false, params = false, id = false;
    for (const dom::key_value_pair field : object) {
      bool* seen = field.key == "jsonrpc"  ? &version
                   : field.key == "method" ? &method
                   : field.key == "params" ? &params
                   : field.key == "id"     ? &id
                                           : nullptr;
      if (!seen || *seen) return false;
      *seen = true;
      if (seen == &version && !is_text(field.value, "2.0")) return false;
      if (seen == &method && !is_text(field.value, "tx_submit")) return false;
      if (seen == &params && !read_params(field.value, out)) return false;
      if (seen == &id && !read_id(field.value, out.id)) return false;
    }
    if (!version || !method || !params) return false;
    out.count = result.txs.size() - out.first;
    result.calls.push_back(std::move(out));
    return true;
  }

  FastSubmit result;

 private:
  static bool is_text(const dom::element& element, std::string_view expected) {
    std::string_view text;
    return element.get_string().get(text) == simdjson::SUCCESS && text == expected;
  }

  // Whole numbers and plain text; other ids take the general road.
  static bool read_id(const dom::element& element, std::string& out) {
    std::int64_t number = 0;
    if (element.get_int64().get(number) == simdjson::SUCCESS) {
      out = std::to_string(number);
      return true;
    }
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) return false;
    for (const char c : text) {
      if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
    }
    out.append("\"").append(text).append("\"");
    return true;
  }

  // ["0x..."], [["0x...", ...]], {"txs": "0x..."} or {"txs": ["0x...", ...]}.
  bool read_params(const dom::element& element, FastCall& out) {
    dom::array array;
    if (element.get_array().get(array) == simdjson::SUCCESS) {
      return array.size() == 1 && read_txs(*array.begin(), out);
    }
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS || object.size() != 1) return false;
    const dom::key_value_pair only = *object.begin();
    return only.key == "txs" && read_txs(only.value, out);
  }

  bool read_txs(const dom::element& element, FastCall& out) {
    dom::array array;
    if (element.get_array().get(array) != simdjson::SUCCESS) return read_tx(element);
    out.list = true;
    for (const dom::element item : array) {
      if (!read_tx(item)) return false;
    }
    return true;
  }

  bool read_tx(const dom::element& element) {
    std::string_view text;
    if (result.txs.size() >= txs_max_ || element.get_string().get(text) != simdjson::SUCCESS ||
        !text.starts_with("0x")) {
      return false;
    }
    text.remove_prefix(2);
    Bytes& tx = result.txs.emplace_back(text.size() / 2);
    return decode_hex_into(text.data(), text.size(), tx.data());
  }

  const std::size_t txs_max_;
};

bool read_document(const dom::element& document, std::size_t batch_max, FastReader& reader) {
  dom::array array;
  if (document.get_array().get(array) != simdjson::SUCCESS) return reader.call(document);
  reader.result.batch = true;
  for (const dom::element item : array) {
    if (reader.result.calls.size() >= batch_max || !reader.call(item)) return false;
  }
  return !reader.result.calls.empty();
}

void append_reply(std::string& out, const SubmitReply& reply) {
  if (reply.fault == Fault::kNone && reply.refused.empty()) {
    out += R"({"fault":{"name":"none","number":0},"id":"0x)";
    out += to_hex(reply.id);
    out += "\"}";
  } else {
    out += compact(to_json(reply));
  }
}

void append_response(std::string& out, const FastCall& call, const SubmitReply* replies) {
  const bool refused = !call.list && (replies->fault != Fault::kNone || !replies->refused.empty());
  out += R"({"id":)" + call.id + R"(,"jsonrpc":"2.0",)";
  if (refused) {
    out += R"("error":)" + compact(error_json(refused_tx(replies->fault, replies->refused))) + "}";
    return;
  }
  out += R"("result":)";
  if (call.list) out += "[";
  for (std::size_t i = 0; i < call.count; ++i) {
    if (i > 0) out += ",";
    append_reply(out, replies[i]);
  }
  out += call.list ? "]}" : "}";
}

}  // namespace

bool decode_hex_into(const char* hex, std::size_t size, std::uint8_t* out) {
  if (size % 2 != 0) return false;
  std::uint8_t foreign = 0;
  for (std::size_t i = 0; i < size; i += 2) {
    const std::uint8_t high = kDigits[static_cast<std::uint8_t>(hex[i])];
    const std::uint8_t low = kDigits[static_cast<std::uint8_t>(hex[i + 1])];
    foreign = static_cast<std::uint8_t>(foreign | high | low);
    out[i / 2] = static_cast<std::uint8_t>(high << 4 | (low & 15));
  }
  return (foreign & 0xF0) == 0;
}

std::optional<FastSubmit> read_fast_submit(const std::string& body, std::size_t batch_max,
                                           std::size_t txs_max) {
  // Not even the method's name: no need to look closer.
  if (body.find("\"tx_submit\"") == std::string::npos) return std::nullopt;
  CHECK(body.capacity() >= body.size() + kJsonPadding);
  // The DOM reader, not the on-demand one: it picks the processor's best instructions when it runs
  // (the other is fixed when compiled), and it checks the whole text.
  thread_local dom::parser parser;
  dom::element document;
  if (parser.parse(body.data(), body.size(), false).get(document) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  FastReader reader(txs_max);
  if (!read_document(document, batch_max, reader)) return std::nullopt;
  return std::move(reader.result);
}

std::string write_fast_replies(const FastSubmit& submit, const std::vector<SubmitReply>& replies) {
  std::string out;
  out.reserve(replies.size() * 112 + submit.calls.size() * 48 + 2);
  for (const FastCall& call : submit.calls) {
    if (call.id.empty()) continue;
    out += out.empty() ? (submit.batch ? "[" : "") : ",";
    append_response(out, call, replies.data() + call.first);
  }
  if (submit.batch && !out.empty()) out += "]";
  return out;
}

}  // namespace fog::rpc
