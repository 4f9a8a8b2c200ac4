// tx_*: submit, look up, wait; and what a transaction costs.
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;

Param id_param() {
  return {"id", "The transaction's id.", schema_of<TxId>()};
}

Method tx_submit() {
  return {.name = "tx_submit",
          .summary =
              "Submits signed transactions: one as 0x-hex, or an array. One is answered by its "
              "reply, or by an error with data.fault when it was refused; an array by one reply "
              "each, in order, refused or not. Fault number 0 means: in the mempool.",
          .params = {{"txs",
                      "BCS of a signed transaction, or an array of them.",
                      {{"anyOf", {schema_of<Bytes>(), schema_of<std::vector<Bytes>>()}}}}},
          .result = {{"anyOf", {schema_of<SubmitReply>(), schema_of<std::vector<SubmitReply>>()}}},
          .errors = {kTxRefused, kUnavailable, kLimitReached},
          .example_params = R"({"txs": ["0x00"]})",
          .example_result = R"([{"fault": {"number": 1, "name": "malformed"}}])",
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            const bool list = args.raw("txs").is_array();
            std::vector<Bytes> txs;
            if (list) {
              FOG_ARG(txs, args.get<std::vector<Bytes>>("txs"));
            } else {
              FOG_ARG(Bytes tx, args.get<Bytes>("txs"));
              txs.push_back(std::move(tx));
            }
            FOG_ARG(const std::vector<SubmitReply> replies, node.submit(txs));
            if (list) return Answer(to_json(replies));
            if (replies.size() != 1) {
              return refuse({ErrorCode::kProtocol, "the node answered another number of replies"});
            }
            if (replies[0].fault != Fault::kNone || !replies[0].refused.empty()) {
              return Answer(Fail{refused_tx(replies[0].fault, replies[0].refused)});
            }
            return Answer(to_json(replies[0]));
          }};
}

Method tx_get() {
  return {
      .name = "tx_get",
      .summary =
          "Where a transaction is: unknown, pending in the mempool, or final in a block with "
          "its outcome.",
      .params = {id_param()},
      .result = schema_of<TxStatus>(),
      .errors = {kUnavailable},
      .example_params =
          R"({"id": "0x1111111111111111111111111111111111111111111111111111111111111111"})",
      .example_result =
          R"({"place": "final", "height": "2", "index": 0, "outcome": {"fault": {"number": 0}}})",
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const TxId id, args.get<TxId>("id"));
        return answer_of(node.transaction(id));
      }};
}

Method tx_wait() {
  return {
      .name = "tx_wait",
      .summary =
          "Waits until a transaction is final, or the time is up; then where it is, as tx_get.",
      .params = {id_param(),
                 {"timeout_ms", "How long to wait at most, up to 60000. Default 30000.",
                  schema_of<std::uint64_t>(), false}},
      .result = schema_of<TxStatus>(),
      .errors = {kUnavailable, kLimitReached},
      .example_params =
          R"({"id": "0x1111111111111111111111111111111111111111111111111111111111111111", "timeout_ms": "1000"})",
      .example_result = R"({"place": "final", "height": "2"})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const TxId id, args.get<TxId>("id"));
        FOG_ARG(const std::uint64_t timeout, args.get_or<std::uint64_t>("timeout_ms", 30'000));
        const auto poll = [&node, id](bool time_is_up) -> std::optional<Answer> {
          const auto status = node.transaction(id);
          if (status && status->place != TxPlace::kFinal && !time_is_up) return std::nullopt;
          return answer_of(status);
        };
        return Wait{poll, std::min(timeout, kWaitMsMax)};
      }};
}

// One output, one signature: what most transactions are.
std::uint64_t units_of_a_transfer() {
  SignedTx tx;
  tx.body.messages.push_back(make_message(Transfer{{TransferOutput{}}}));
  tx.auth = SingleAuth{};
  return tx_units(tx, bcs_encode(tx).size());
}

Method fee_estimate() {
  return {
      .name = "fee_estimate",
      .summary =
          "What a transaction costs now: its units, the base price for the next block, and a "
          "maximum price that still suffices when the base price doubles. Without tx, for a "
          "transfer with one output. The signature may be of zeros: only sizes count.",
      .params = {{"tx", "BCS of a transaction.", schema_of<Bytes>(), false}},
      .result = object_schema({{"units", schema_of<std::uint64_t>()},
                               {"base_price", schema_of<std::uint64_t>()},
                               {"price_max", schema_of<std::uint64_t>()},
                               {"fee", schema_of<Amount>()},
                               {"fee_max", schema_of<Amount>()}}),
      .errors = {kUnavailable},
      .example_params = "{}",
      .example_result = R"({"base_price": "10", "price_max": "20"})",
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        std::uint64_t units = units_of_a_transfer();
        if (args.has("tx")) {
          FOG_ARG(const Bytes bytes, args.get<Bytes>("tx"));
          const auto tx = bcs_decode<SignedTx>(bytes);
          if (!tx) {
            return refuse({ErrorCode::kInvalidInput,
                           "tx: not a transaction: " + std::string(bcs_error_text(tx.error()))});
          }
          units = tx_units(*tx, bytes.size());
        }
        FOG_ARG(const ChainStatus status, node.status());
        const auto price_max = checked_mul(status.base_price, 2);
        const auto fee = checked_mul(units, status.base_price);
        const auto fee_max = price_max ? checked_mul(units, *price_max) : std::nullopt;
        if (!fee || !fee_max) {
          return refuse({ErrorCode::kUnavailable, "the price is beyond all balances"});
        }
        return Answer(Json{{"units", to_json(units)},
                           {"base_price", to_json(status.base_price)},
                           {"price_max", to_json(*price_max)},
                           {"fee", to_json(Amount{*fee})},
                           {"fee_max", to_json(Amount{*fee_max})}});
      }};
}

}  // namespace

void add_tx_methods(std::vector<Method>& out) {
  for (auto* make : {&tx_submit, &tx_get, &tx_wait, &fee_estimate}) out.push_back(make());
}

}  // namespace fog::rpc
