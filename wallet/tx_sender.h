// TxSender: takes messages to a final block through a node: reads account and prices, chooses lane
// and sequence, signs, submits, and waits.
//
// Safe from any thread; several transactions may be under way at once, each in a lane of its own as
// far as there are lanes. Calls block on the node.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chain/api/node_api.h"
#include "chain/base/clock.h"
#include "wallet/lane_book.h"
#include "wallet/tx_builder.h"

namespace fog::wallet {

struct SendOptions {
  std::optional<std::uint8_t> lane;  // nothing: chosen
  // In that lane, which must be named too; nothing: the next. For who plans several ahead, or
  // replaces one that waits.
  std::optional<std::uint64_t> sequence;
  std::optional<FeeTerms> fee;     // nothing: suggest_fee of the node's base price
  std::uint64_t ttl_ms = 300'000;  // it expires this long after now
  std::string memo;
  // Called by send() with each transaction before the node is given it; nothing: not.
  std::function<void(const ReadyTx&)> on_ready;
};

// A transaction that a final block includes, and that did what it says.
struct Sent {
  TxId id;
  std::uint64_t height = 0;
  std::uint32_t index = 0;  // in the block
  TxOutcome outcome;
  Amount fee() const { return outcome.fee_burned + outcome.fee_tip; }
};

// The body of a transaction that `sender` could submit now, and the node's base price; for senders
// that are not one key (multisig: give the policy) or that sign elsewhere. Its place in `lanes` is
// taken. Errors:
//   kNotFound      the sender has no account: nothing was ever paid to it
//   kExhausted     its balance does not cover the fee, or the transfers among the messages and the
//   fee;
//                  or the transaction is too large
//   kInvalidInput  as build_body
//   the node's own
struct Draft {
  TxBody body;
  std::uint64_t base_price = 0;
};
ErrorOr<Draft> draft_tx(NodeApi& node, Clock& clock, LaneBook& lanes, const Address& sender,
                        std::vector<RawMessage> messages, const SendOptions& options,
                        const std::optional<MultisigPolicy>& policy = std::nullopt);

class TxSender {
 public:
  // All must outlive the sender. `rng` chooses the lane to begin with.
  TxSender(NodeApi& node, Signer& signer, Clock& clock, Rng& rng);

  const Address& address() const { return address_; }

  // Drafts and signs, without submitting. The place in its lane counts as taken.
  ErrorOr<ReadyTx> prepare(std::vector<RawMessage> messages, const SendOptions& options = {});
  // Gives a prepared transaction to the node. kRejected says what is wrong and what to do; the
  // place in its lane is free again then. Submitting twice does no harm.
  ErrorOr<void> submit(const ReadyTx& tx);
  // Waits at most `timeout_ms`, submitting again if the node has lost it. Errors:
  //   kRejected  included, and its message failed: the fee is paid, nothing else happened
  //   kTimeout   expired: it can never be included any more, so sending anew is safe; or not yet
  //              final: it still may be, so look for its id before sending anew (the text says
  //              which)
  //   the node's own, if it stays out of reach until the end
  ErrorOr<Sent> wait(const ReadyTx& tx, std::uint64_t timeout_ms);
  // All of it. If the node refuses a lane that another program of the same account is using,
  // another lane is tried; a transaction that may have been accepted is never replaced by a second
  // one.
  ErrorOr<Sent> send(const std::vector<RawMessage>& messages, const SendOptions& options = {},
                     std::uint64_t timeout_ms = 60'000);

 private:
  ErrorOr<SubmitReply> offer(const ReadyTx& tx);
  ErrorOr<Sent> judge_final(const ReadyTx& tx, const TxStatus& status);
  // What became of a transaction that the node does not know: final after all, never to be
  // included, or given to it again (neither).
  struct Fate {
    std::optional<TxStatus> final;
    std::optional<Error> never;
  };
  ErrorOr<Fate> offer_again(const ReadyTx& tx);

  NodeApi& node_;
  Signer& signer_;
  Clock& clock_;
  const Address address_;
  LaneBook lanes_;
};

}  // namespace fog::wallet
