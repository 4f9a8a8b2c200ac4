// How a command's messages become a transaction: sent, or written to a file for others to sign.
#include <array>
#include <iostream>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "rpc/json/plain_time.h"
#include "rpc/programs/cli/outbox_entry.h"
#include "rpc/programs/cli/tx_words.h"
#include "wallet/fee_estimate.h"

namespace fog::cli {
namespace {

// Long enough to carry a file to another machine and back, and within what chains allow
// (expiry_ahead_max_ms, a day).
constexpr std::uint64_t kSignedElsewhereMs = 20ULL * 3'600'000;
constexpr std::uint64_t kSentAtOnceMs = 300'000;

std::uint8_t random_lane() {
  std::array<std::uint8_t, 1> lane{};
  system_rng().fill(lane);
  return static_cast<std::uint8_t>(lane[0] % kLanes);
}

ErrorOr<std::uint64_t> ttl_ms(const SendingOptions& options, std::uint64_t usual_ms) {
  if (options.expires_in.empty()) return usual_ms;
  const auto us = rpc::parse_duration_us(options.expires_in);
  if (!us || *us < 1'000'000) {
    return fail(ErrorCode::kInvalidInput,
                "--expires-in: expected a duration from 1s on, e.g. 2h, "
                "not \"" +
                    options.expires_in + "\"");
  }
  return *us / 1'000;
}

// Whoever names a chain, on the command line or in a profile, pays on no other.
ErrorOr<void> check_chain(const SendingOptions& options, const ChainId& chain) {
  if (options.chain.empty()) return {};
  TRY(const auto wanted, parse_id(options.chain, "chain"));
  if (wanted == chain) return {};
  return fail(ErrorCode::kInvalidInput, "the node is of the chain " + to_hex0x(chain) +
                                            ", not of the one that --chain names; nothing is sent");
}

}  // namespace

void add_sending_options(CLI::App& app, GlobalOptions& options) {
  constexpr const char* kGroup = "Transactions";
  SendingOptions& how = options.sending;
  const auto add = [&](const char* name, auto& value, const char* help) {
    return app.add_option(name, value, help)->group(kGroup);
  };
  add("--memo", options.memo, "note that goes into the transaction, at most 128 bytes; public");
  add("--unsigned", how.unsigned_file,
      "write the transaction to this file (- for standard output) instead of sending it; then: tx "
      "sign, tx send");
  add("--expires-in", how.expires_in,
      "how long it may wait for a block (else 5m, with --unsigned 20h; chains allow a day)");
  add("--lane", how.lane, "the lane to use, 0 to 15 (else one at random)")
      ->check(CLI::Range(0, kLanes - 1));
  add("--sequence", how.sequence,
      "the sequence in that lane (else the node is asked for the next)");
  add("--chain", how.chain,
      "the chain's id, as node status says; on another nothing is sent (else the node is asked)");
  add("--fee", how.fee,
      "slow, normal or fast, reckoned from what waits and from the last blocks (else as normal, "
      "from "
      "the base price alone)")
      ->check(CLI::IsMember({"slow", "normal", "fast"}));
  add("--base-price", how.base_price,
      "base price to reckon the fee from, in droplets per unit (else the node's)");
  add("--price-max", how.price_max,
      "most to pay in all, in droplets per unit (else as --fee says)");
  add("--tip", how.tip, "for the proposer, in droplets per unit (else as --fee says)");
}

ErrorOr<std::optional<wallet::FeeTerms>> Context::fee(bool without_node, const TxBody* replaces) {
  const SendingOptions& how = options_.sending;
  if (how.fee.empty() && !how.base_price && !how.price_max && !how.tip && !replaces) {
    return std::optional<wallet::FeeTerms>();
  }
  wallet::FeeMarketView market;
  if (how.base_price) {
    market.base_price = *how.base_price;
  } else if (!without_node) {
    TRY(market, wallet::read_fee_market(node()));
  }
  // One that waits is replaced so that it waits no longer.
  const auto usual = replaces ? wallet::FeeLevel::kFast : wallet::FeeLevel::kNormal;
  const auto level = wallet::fee_level(how.fee).value_or(usual);
  wallet::FeeTerms out = wallet::fee_terms(market, level);
  if (how.tip) {
    out.price_max = checked_add(out.price_max - out.tip, *how.tip).value_or(out.price_max);
    out.tip = *how.tip;
  }
  if (how.price_max) {
    out.price_max = *how.price_max;
    if (!how.tip) out.tip = std::min(out.tip, out.price_max);
  }
  if (!replaces) return std::optional(out);
  const auto least = wallet::terms_to_replace({replaces->price_max, replaces->tip});
  if (!least || (how.price_max && *how.price_max < least->price_max) ||
      (how.tip && *how.tip < least->tip)) {
    return fail(ErrorCode::kInvalidInput,
                least ? fmt::format("to take its place a transaction must pay a tenth more: "
                                    "--price-max {} and --tip {} at least",
                                    least->price_max, least->tip)
                      : std::string("it pays all that can be paid already"));
  }
  return std::optional(
      wallet::FeeTerms{std::max(out.price_max, least->price_max), std::max(out.tip, least->tip)});
}

ErrorOr<wallet::SendOptions> Context::send_options(std::uint64_t usual_ms, const TxBody* replaces) {
  const SendingOptions& how = options_.sending;
  wallet::SendOptions out;
  out.memo =
      replaces && options_.memo.empty() ? std::string(as_text(replaces->memo)) : options_.memo;
  out.lane = replaces ? replaces->lane : how.lane;
  out.sequence = replaces ? replaces->sequence : how.sequence;
  if (out.sequence && !out.lane) out.lane = 0;
  TRY(out.ttl_ms, ttl_ms(how, usual_ms));
  TRY(out.fee, fee(false, replaces));
  return out;
}

ErrorOr<Context::Drafted> Context::draft(const UsedAccount& from,
                                         const std::vector<RawMessage>& messages,
                                         const TxBody* replaces) {
  const SendingOptions& how = options_.sending;
  if (!replaces && !how.chain.empty() && how.sequence && (how.base_price || how.price_max)) {
    wallet::TxPlan plan;
    TRY(plan.chain_id, parse_id(how.chain, "chain"));
    TRY(const std::uint64_t ttl, ttl_ms(how, kSignedElsewhereMs));
    TRY(const auto terms, fee(true, nullptr));
    plan.sender = from.address;
    plan.lane = how.lane.value_or(0);
    plan.sequence = *how.sequence;
    plan.expiry_ms = system_clock().wall_ms() + ttl;
    plan.fee = *terms;
    plan.messages = messages;
    plan.memo = options_.memo;
    TRY(TxBody body, wallet::build_body(std::move(plan)));
    return Drafted{std::move(body), how.base_price};
  }
  TRY(const auto params, read_one<ChainParams>(node(), chain_params_key(), "parameters"));
  TRY(const auto options,
      send_options(std::min(kSignedElsewhereMs, params.expiry_ahead_max_ms / 6 * 5), replaces));
  wallet::LaneBook lanes(random_lane());
  TRY(auto made, wallet::draft_tx(node(), system_clock(), lanes, from.address, messages, options,
                                  from.policy));
  TRY_VOID(check_chain(how, made.body.chain_id));
  return Drafted{std::move(made.body), made.base_price};
}

ErrorOr<void> Context::write_unsigned(const std::vector<RawMessage>& messages,
                                      const std::vector<std::string>& notes,
                                      const TxBody* replaces) {
  TRY(const auto from, account());
  TRY(auto drafted, draft(from, messages, replaces));
  wallet::TxFile file;
  file.body = std::move(drafted.body);
  file.policy = from.policy;
  TRY(auto lines, tx_lines(*this, file, drafted.base_price));
  const std::string& path = options_.sending.unsigned_file;
  const std::string text = wallet::encode_tx_file(file);
  if (path == "-") {
    std::cout << text;
    std::cout.flush();
    return {};
  }
  TRY_VOID(write_file_atomically(path, as_bytes(text), FileMode::kShared));
  TRY(Json json, tx_json(*this, file));
  json["file"] = path;
  std::string said = "Not sent, but written to " + path + ": transaction " +
                     to_hex0x(tx_id(file.body)) + "\nfrom " + who(from.address) + "\n";
  lines.insert(lines.end(), notes.begin(), notes.end());
  for (const std::string& line : lines) said += "  " + line + "\n";
  print(json, said + "Sign it with: fogcoin tx sign " + path);
  return {};
}

ErrorOr<wallet::Sent> Context::send(const std::vector<RawMessage>& messages,
                                    const std::vector<std::string>& notes, Json& json,
                                    const TxBody* replaces) {
  if (!options_.sending.unsigned_file.empty()) {
    TRY_VOID(write_unsigned(messages, notes, replaces));
    written_ = true;
    return fail(ErrorCode::kUnavailable, "");
  }
  // The node first: a passphrase should not be typed for nothing.
  TRY(const auto status, node().status());
  TRY_VOID(check_chain(options_.sending, status.chain_id));
  TRY(const auto unlocked, signer());
  TRY(auto how, send_options(kSentAtOnceMs, replaces));
  if (asks()) {
    wallet::TxSender shown(node(), *unlocked, system_clock(), system_rng());
    TRY(const auto ready, shown.prepare(messages, how));
    TRY(auto lines, tx_lines(*this, {ready.body, std::nullopt, {}}, status.base_price));
    lines.insert(lines.end(), notes.begin(), notes.end());
    TRY_VOID(confirm(lines, "Send this from " + who(ready.body.sender) + "?"));
    // However long the answer took, the fee stays below what was shown.
    how.fee = wallet::FeeTerms{ready.body.price_max, ready.body.tip};
  }
  // A sender of its own: the lanes of what was only shown are free.
  wallet::TxSender sender(node(), *unlocked, system_clock(), system_rng());
  OutboxEntry entry(*this);
  how.on_ready = [&entry](const wallet::ReadyTx& tx) { entry.put(tx); };
  auto done = sender.send(messages, how, options_.timeout_s * 1'000);
  TRY(const auto sent, entry.settle(std::move(done)));
  json["tx"] = to_hex0x(sent.id);
  json["height"] = std::to_string(sent.height);
  json["fee"] = std::to_string(sent.fee().droplets);
  return sent;
}

}  // namespace fog::cli
