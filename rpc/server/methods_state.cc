// state_*: raw records, ranges and proofs; what programs use, and what light clients verify.
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;

constexpr std::size_t kKeysMax = 256;
constexpr std::uint32_t kScanMax = 1'000;

Method state_get() {
  return {
      .name = "state_get",
      .summary = "The records under at most 256 keys, null where there is none, all of one state.",
      .params = {{"keys", "State keys: a table byte and the rest.",
                  schema_of<std::vector<Bytes>>()}},
      .result = object_schema({{"values", schema_of<std::vector<std::optional<Bytes>>>()}}),
      .errors = {kUnavailable},
      .example_params = R"({"keys": ["0x03", "0x7f"]})",
      .example_result = R"({"values": ["0x64000000000000000100000000000000", null]})",
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const auto keys, args.get<std::vector<Bytes>>("keys"));
        if (keys.size() > kKeysMax) {
          return refuse({ErrorCode::kInvalidInput, "keys: at most 256 at once"});
        }
        FOG_ARG(const auto values, node.state_get(keys));
        return Answer(Json{{"values", to_json(values)}});
      }};
}

Method state_scan() {
  return {.name = "state_scan",
          .summary =
              "Records of an ordered table (first byte 0x80 and above) with from <= key < to, "
              "ascending. `next` is where the next page starts, null at the end.",
          .params = {{"from", "First key.", schema_of<Bytes>()},
                     {"to", "First key beyond.", schema_of<Bytes>()},
                     {"limit", "At most so many records, 1 to 1000. Default 100.",
                      schema_of<std::uint32_t>(), false}},
          .result = schema_of<StatePage>(),
          .errors = {kUnavailable},
          .example_params = R"({"from": "0x8a", "to": "0x8b", "limit": 1})",
          .example_result = R"({"records": [{"value": "0x"}], "height": "2"})",
          .cost = 20,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const Bytes from, args.get<Bytes>("from"));
            FOG_ARG(const Bytes to, args.get<Bytes>("to"));
            FOG_ARG(const std::uint32_t limit, args.get_or<std::uint32_t>("limit", 100));
            if (limit < 1 || limit > kScanMax) {
              return refuse({ErrorCode::kInvalidInput, "limit: expected 1 to 1000"});
            }
            return answer_of(node.state_scan(from, to, limit));
          }};
}

Method state_proof() {
  return {.name = "state_proof",
          .summary =
              "A record with its proof of membership, or the proof of its absence, against the "
              "app hash in the header of height + 1 (sparse Merkle tree of ICS-23, SHA-256).",
          .params = {{"key", "The state key.", schema_of<Bytes>()}},
          .result = schema_of<StateProof>(),
          .errors = {kUnavailable},
          .example_params = R"({"key": "0x03"})",
          .example_result =
              R"({"height": "2", "key": "0x03", "value": "0x64000000000000000100000000000000"})",
          .cost = 5,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const Bytes key, args.get<Bytes>("key"));
            return answer_of(node.state_proof(key));
          }};
}

}  // namespace

void add_state_methods(std::vector<Method>& out) {
  for (auto* make : {&state_get, &state_scan, &state_proof}) out.push_back(make());
}

}  // namespace fog::rpc
