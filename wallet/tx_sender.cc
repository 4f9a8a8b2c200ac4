#include "wallet/tx_sender.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include <fmt/format.h>

namespace fog::wallet {
namespace {

constexpr int kLaneAttempts = 4;
constexpr std::uint64_t kWaitSliceMs = 5'000;
constexpr std::uint64_t kPauseMs = 100;

LanePlace place_of(const TxBody& body) {
  return {body.lane, body.sequence};
}

ErrorOr<void> check_balance(const Address& sender, Amount balance, const TxBody& body,
                            const TxQuote& quoted, std::uint64_t base_price) {
  if (balance < quoted.fee_max) {
    return fail(ErrorCode::kExhausted,
                fmt::format("{} holds {}, which does not cover the highest fee of {}; add FOG or "
                            "set a lower price",
                            to_text(sender), format_fog(balance), format_fog(quoted.fee_max)));
  }
  const Amount fee = quoted.fee_at(body, base_price);
  const auto sum = transferred(body);
  const auto needed = sum ? checked_add(*sum, fee) : std::nullopt;
  if (!needed || balance < *needed) {
    return fail(
        ErrorCode::kExhausted,
        fmt::format("{} holds {}; sending {} at a fee of {} needs more", to_text(sender),
                    format_fog(balance), sum ? format_fog(*sum) : "that much", format_fog(fee)));
  }
  return {};
}

Error refusal(const SubmitReply& reply) {
  if (reply.fault == Fault::kNone) {
    return {ErrorCode::kRejected, "the node refused the transaction: " + reply.refused};
  }
  return {ErrorCode::kRejected, fmt::format("the transaction was refused ({}): {}",
                                            fault_name(reply.fault), fault_help(reply.fault))};
}

bool is_taken(const SubmitReply& reply) {
  return reply.fault == Fault::kNone && reply.refused.empty();
}

// Whether another lane, or the price of a moment later, may be accepted.
bool may_try_again(const SubmitReply& reply, const SendOptions& options) {
  if (reply.fault == Fault::kFeeTooLow) return !options.fee;
  return !options.lane && (reply.fault == Fault::kSequenceTooLow ||
                           reply.fault == Fault::kSequenceGap || reply.fault == Fault::kNone);
}

}  // namespace

ErrorOr<Draft> draft_tx(NodeApi& node, Clock& clock, LaneBook& lanes, const Address& sender,
                        std::vector<RawMessage> messages, const SendOptions& options,
                        const std::optional<MultisigPolicy>& policy) {
  TRY(const ChainStatus chain, node.status());
  TRY(const std::optional<Account> account, read_record<Account>(node, account_key(sender)));
  if (!account) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} has no account yet; it gets one with the first FOG paid to it",
                            to_text(sender)));
  }
  // An idle chain's last block may be old, and this machine's clock may be slow.
  const std::uint64_t now_ms = std::max(chain.time_ms, clock.wall_ms());
  TxPlan plan;
  plan.chain_id = chain.chain_id;
  plan.sender = sender;
  plan.lane = options.lane.value_or(0);
  plan.expiry_ms = now_ms + options.ttl_ms;
  plan.fee = options.fee.value_or(suggest_fee(chain.base_price));
  plan.messages = std::move(messages);
  plan.memo = options.memo;
  TRY(TxBody body, build_body(std::move(plan)));
  TRY(const TxQuote quoted, policy ? quote(body, *policy) : quote(body));
  TRY_VOID(check_balance(sender, account->balance, body, quoted, chain.base_price));
  if (options.sequence && !options.lane) {
    return fail(ErrorCode::kInvalidInput, "a sequence is one in a lane: name the lane too");
  }
  // After this line nothing fails.
  if (options.sequence) {
    body.lane = *options.lane;
    body.sequence = *options.sequence;
    return Draft{std::move(body), chain.base_price};
  }
  const LanePlace place = lanes.take(*account, options.lane, body.expiry_ms, now_ms);
  body.lane = place.lane;
  body.sequence = place.sequence;
  return Draft{std::move(body), chain.base_price};
}

TxSender::TxSender(NodeApi& node, Signer& signer, Clock& clock, Rng& rng)
    : node_(node), signer_(signer), clock_(clock), address_(signer.address()), lanes_([&rng] {
        std::array<std::uint8_t, 1> lane{};
        rng.fill(lane);
        return lane[0];
      }()) {}

ErrorOr<ReadyTx> TxSender::prepare(std::vector<RawMessage> messages, const SendOptions& options) {
  TRY(Draft draft, draft_tx(node_, clock_, lanes_, address_, std::move(messages), options));
  const LanePlace place = place_of(draft.body);
  auto ready = sign_tx(std::move(draft.body), signer_);
  if (!ready) lanes_.give_back(place);
  return ready;
}

ErrorOr<SubmitReply> TxSender::offer(const ReadyTx& tx) {
  TRY(const std::vector<SubmitReply> replies, node_.submit({tx.encoded}));
  if (replies.size() != 1) {
    return fail(ErrorCode::kProtocol, "the node answered another number of transactions");
  }
  return replies.front();
}

ErrorOr<void> TxSender::submit(const ReadyTx& tx) {
  TRY(const SubmitReply reply, offer(tx));
  if (is_taken(reply)) return {};
  lanes_.give_back(place_of(tx.body));
  return Fail{refusal(reply)};
}

ErrorOr<Sent> TxSender::judge_final(const ReadyTx& tx, const TxStatus& status) {
  lanes_.done(place_of(tx.body));
  const auto fault = static_cast<Fault>(status.outcome.fault);
  Sent sent{tx.id, status.height, status.index, status.outcome};
  if (fault == Fault::kNone) return sent;
  return fail(ErrorCode::kRejected,
              fmt::format("transaction {} is in block {} and failed: message {}: {} ({}); its fee "
                          "of {} is paid and nothing else changed",
                          to_hex0x(tx.id), status.height, status.outcome.failed_message,
                          fault_help(fault), fault_name(fault), format_fog(sent.fee())));
}

ErrorOr<TxSender::Fate> TxSender::offer_again(const ReadyTx& tx) {
  TRY(const ChainStatus chain, node_.status());
  const bool expired = chain.time_ms > tx.body.expiry_ms;
  if (!expired) {
    TRY(const SubmitReply reply, offer(tx));
    if (reply.fault != Fault::kSequenceTooLow) return Fate{};
  }
  // It may have become final just now.
  TRY(const TxStatus status, node_.transaction(tx.id));
  if (status.place == TxPlace::kFinal) return Fate{status, std::nullopt};
  lanes_.done(place_of(tx.body));
  if (expired) {
    return Fate{std::nullopt,
                Error{ErrorCode::kTimeout,
                      fmt::format("transaction {} expired before a block included it, and never "
                                  "will be included; it is safe to send it anew",
                                  to_hex0x(tx.id))}};
  }
  return Fate{
      std::nullopt,
      Error{ErrorCode::kRejected,
            fmt::format("another transaction of {} took the place of {} (lane {}, sequence "
                        "{}); it never will be included, so it is safe to send it anew",
                        to_text(tx.body.sender), to_hex0x(tx.id), tx.body.lane, tx.body.sequence)}};
}

ErrorOr<Sent> TxSender::wait(const ReadyTx& tx, std::uint64_t timeout_ms) {
  const std::uint64_t start_ns = clock_.monotonic_ns();
  std::optional<Error> trouble;
  for (;;) {
    const std::uint64_t passed_ms = (clock_.monotonic_ns() - start_ns) / 1'000'000U;
    const std::uint64_t left_ms = timeout_ms > passed_ms ? timeout_ms - passed_ms : 0;
    const auto status = node_.wait_transaction(tx.id, std::min(left_ms, kWaitSliceMs));
    trouble = status ? std::nullopt : std::optional(status.error());
    if (status && status->place == TxPlace::kFinal) return judge_final(tx, *status);
    if (status && status->place == TxPlace::kUnknown) {
      const auto fate = offer_again(tx);
      if (fate && fate->final) return judge_final(tx, *fate->final);
      if (fate && fate->never) return Fail{*fate->never};
      if (!fate) trouble = fate.error();
    }
    if (left_ms == 0) break;
    const bool pending = status && status->place == TxPlace::kPending;
    if (!pending) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left_ms, kPauseMs)));
    }
  }
  if (trouble) {
    return Fail{trouble->within(fmt::format(
        "transaction {} may have been sent, and its fate is unknown", to_hex0x(tx.id)))};
  }
  return fail(ErrorCode::kTimeout,
              fmt::format("transaction {} is not final after {} ms; it still may be included until "
                          "block time {}, so look for it before sending anew",
                          to_hex0x(tx.id), timeout_ms, tx.body.expiry_ms));
}

ErrorOr<Sent> TxSender::send(const std::vector<RawMessage>& messages, const SendOptions& options,
                             std::uint64_t timeout_ms) {
  for (int attempt = 1;; ++attempt) {
    TRY(const ReadyTx tx, prepare(messages, options));
    if (options.on_ready) options.on_ready(tx);
    const auto reply = offer(tx);
    // Without an answer it may have been accepted: only its own fate tells.
    if (!reply || is_taken(*reply)) return wait(tx, timeout_ms);
    lanes_.give_back(place_of(tx.body));
    if (attempt == kLaneAttempts || !may_try_again(*reply, options)) return Fail{refusal(*reply)};
    if (reply->fault != Fault::kFeeTooLow) lanes_.forget(tx.body.lane);
  }
}

}  // namespace fog::wallet
