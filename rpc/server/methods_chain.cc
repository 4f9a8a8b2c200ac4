// chain_*: status, blocks, parameters, accounts, supply.
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;

Param height_param(const char* summary) {
  return {"height", summary, schema_of<std::uint64_t>()};
}

// Of the block that is named by its height or its id.
ErrorOr<std::uint64_t> named_height(NodeApi& node, const Args& args) {
  if (args.has("height") == args.has("id"))
    return fail(ErrorCode::kInvalidInput, "give either height or id");
  if (args.has("height")) return args.get<std::uint64_t>("height");
  TRY(const BlockId id, args.get<BlockId>("id"));
  return node.block_height(id);
}
Param timeout_param() {
  return {"timeout_ms", "How long to wait at most, up to 60000. Default 30000.",
          schema_of<std::uint64_t>(), false};
}

Method chain_status() {
  return {.name = "chain_status",
          .summary = "The chain's identity, its last final block, the base price and the mempool.",
          .params = {},
          .result = schema_of<ChainStatus>(),
          .errors = {kUnavailable},
          .example_params = "{}",
          .example_result =
              R"({"chain_name": "example", "height": "2", "base_price": "10", "mempool_txs": "1"})",
          .run = [](NodeApi& node, const Args&) -> Outcome { return answer_of(node.status()); }};
}

Method chain_sync() {
  return {
      .name = "chain_sync",
      .summary =
          "What the node has of the chain: its last block and its oldest, how far it is with a "
          "snapshot that it takes over (phase none, epochs, offers, chunks, installed or "
          "given_up), and which snapshots it has for others.",
      .params = {},
      .result = schema_of<SyncReport>(),
      .errors = {kUnavailable},
      .example_params = "{}",
      .example_result =
          R"({"phase": "chunks", "height": "2", "first_height": "1", "chunks": "4", "chunks_total": "7", "snapshots": ["9", "19"]})",
      .run = [](NodeApi& node, const Args&) -> Outcome { return answer_of(node.sync_report()); }};
}

Method chain_checkpoint() {
  return {
      .name = "chain_checkpoint",
      .summary =
          "The last block of the newest epoch that is over. Whoever trusts this node may start "
          "another from it: fogcoind run --trusted HEIGHT:BLOCK.",
      .params = {},
      .result = schema_of<Checkpoint>(),
      .errors = {kNotFound, kUnavailable},
      .example_params = "{}",
      .example_result = R"({"height": "2", "epoch": "0"})",
      .run = [](NodeApi& node, const Args&) -> Outcome { return answer_of(node.checkpoint()); }};
}

Method chain_block() {
  return {
      .name = "chain_block",
      .summary =
          "A final block, by its height or by its id: header, the transactions' signed bytes and "
          "their outcomes. With decode, the transactions as JSON instead of bytes.",
      .params = {{"height", "Of the block; the first is 1.", schema_of<std::uint64_t>(), false},
                 {"decode", "Whether to decode the transactions. Default false.", schema_of<bool>(),
                  false},
                 {"id", "Of the block, where height is not given.", schema_of<BlockId>(), false}},
      .result = schema_of<BlockInfo>(),
      .errors = {kNotFound, kNodeFailed},
      .example_params = R"({"height": "2", "decode": true})",
      .example_result =
          R"({"header": {"height": "2"}, "txs": [{"body": {"messages": [{"name": "transfer"}]}}], "outcomes": [{"fault": {"number": 0}, "fee_burned": "25000"}]})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const std::uint64_t height, named_height(node, args));
        bool decode = false;
        if (args.has("decode")) {
          if (!args.raw("decode").is_boolean()) {
            return refuse({ErrorCode::kInvalidInput, "decode: expected true or false"});
          }
          decode = args.raw("decode").get<bool>();
        }
        FOG_ARG(const BlockInfo block, node.block(height));
        Json out = to_json(block);
        if (!decode) return Answer(std::move(out));
        for (std::size_t i = 0; i < block.block.txs.size(); ++i) {
          const auto tx = bcs_decode<SignedTx>(block.block.txs[i]);
          if (!tx) continue;
          out["txs"][i] = to_json(*tx);
          out["txs"][i]["id"] = to_hex0x(tx_id(tx->body));
        }
        return Answer(std::move(out));
      }};
}

Method chain_header() {
  return {
      .name = "chain_header",
      .summary =
          "The header of a final block, and the certificate that made it final; null where a later "
          "block's did. What a light client checks an answer of state_proof by.",
      .params = {height_param("Of the block; the first is 1.")},
      .result = object_schema({{"id", schema_of<BlockId>()},
                               {"header", schema_of<BlockHeader>()},
                               {"finalization", schema_of<std::optional<Certificate>>()}}),
      .errors = {kNotFound, kNodeFailed},
      .example_params = R"({"height": "2"})",
      .example_result = R"({"header": {"height": "2"}, "finalization": null})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const std::uint64_t height, args.get<std::uint64_t>("height"));
        FOG_ARG(const BlockInfo block, node.block(height));
        Json out = to_json(block);
        return Answer(Json{{"id", std::move(out["id"])},
                           {"header", std::move(out["header"])},
                           {"finalization", std::move(out["finalization"])}});
      }};
}

Method chain_wait_height() {
  return {.name = "chain_wait_height",
          .summary =
              "Waits until a block of at least this height is final, or the time is up; then the "
              "chain's status as it is.",
          .params = {height_param("To wait for."), timeout_param()},
          .result = schema_of<ChainStatus>(),
          .errors = {kUnavailable, kLimitReached},
          .example_params = R"({"height": "1", "timeout_ms": "1000"})",
          .example_result = R"({"height": "2"})",
          .cost = 50,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const std::uint64_t height, args.get<std::uint64_t>("height"));
            FOG_ARG(const std::uint64_t timeout, args.get_or<std::uint64_t>("timeout_ms", 30'000));
            const auto poll = [&node, height](bool time_is_up) -> std::optional<Answer> {
              const auto status = node.status();
              if (status && status->height < height && !time_is_up) return std::nullopt;
              return answer_of(status);
            };
            return Wait{poll, std::min(timeout, kWaitMsMax)};
          }};
}

Method params_get() {
  return {
      .name = "params_get",
      .summary = "The parameters of the ledger, of the market and of staking.",
      .params = {},
      .result = object_schema({{"chain", schema_of<ChainParams>()},
                               {"market", schema_of<market::MarketParams>()},
                               {"staking", schema_of<StakingParams>()}}),
      .errors = {kUnavailable, kNodeFailed},
      .example_params = "{}",
      .example_result = R"({"chain": {"base_price_min": "10"}, "market": {"burn_permille": 20}})",
      .is_quick = true,
      .run = [](NodeApi& node, const Args&) -> Outcome {
        FOG_ARG(const auto chain, read_record<ChainParams>(node, chain_params_key()));
        FOG_ARG(const auto market,
                read_record<market::MarketParams>(node, market::market_params_key()));
        FOG_ARG(const auto staking, read_record<StakingParams>(node, staking_params_key()));
        return Answer(Json{{"chain", chain ? to_json(*chain) : Json(nullptr)},
                           {"staking", staking ? to_json(*staking) : Json(nullptr)},
                           {"market", market ? to_json(*market) : Json(nullptr)}});
      }};
}

Method account_get() {
  return {
      .name = "account_get",
      .summary =
          "An account's balance, and for each lane in use the sequence that its next "
          "transaction must carry. An address that was never paid has no account: exists is "
          "false.",
      .params = {{"address", "Of the account.", schema_of<Address>()}},
      .result = object_schema({{"address", schema_of<Address>()},
                               {"exists", schema_of<bool>()},
                               {"balance", schema_of<Amount>()},
                               {"balance_fog", {{"type", "string"}}},
                               {"lanes", schema_of<std::vector<LaneSequence>>()}}),
      .errors = {kUnavailable},
      .example_params = R"({"address": "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"})",
      .example_result =
          R"({"exists": true, "balance": "12500000000", "balance_fog": "12.5 FOG", "lanes": [{"lane": 0, "next": "3"}]})",
      .is_quick = true,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const Address address, args.get<Address>("address"));
        FOG_ARG(const auto account, read_record<Account>(node, account_key(address)));
        Json out = to_json(account.value_or(Account{}));
        out["address"] = to_text(address);
        out["exists"] = account.has_value();
        out["balance_fog"] = format_fog(account ? account->balance : Amount{});
        return Answer(std::move(out));
      }};
}

Method supply_verify() {
  return {
      .name = "supply_verify",
      .summary =
          "Adds up the whole state: accounts, stakes, bonds, escrows and burned must equal "
          "minted. Reads every record, so it is for the node's operator.",
      .params = {},
      .result = schema_of<SupplyReport>(),
      .errors = {kPermissionDenied, kUnavailable},
      .example_params = "{}",
      .example_result =
          R"({"conserved": true, "supply": {"minted": "100", "burned": "1"}, "accounts": "60"})",
      .access = Access::kOperator,
      .cost = kBatchCostMax,
      .run = [](NodeApi& node, const Args&) -> Outcome { return answer_of(node.verify_supply()); }};
}

}  // namespace

void add_chain_methods(std::vector<Method>& out) {
  for (auto* make : {&chain_status, &chain_sync, &chain_checkpoint, &chain_block, &chain_header,
                     &chain_wait_height, &params_get, &account_get, &supply_verify}) {
    out.push_back(make());
  }
}

}  // namespace fog::rpc
