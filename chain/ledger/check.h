// The first two gates of a transaction: check_form (no state) and check_state (read only). Applying
// is consensus/rules' part and needs the proof of both: a CheckedTx.
#pragma once

#include "chain/state/view.h"
#include "chain/types/fault.h"

namespace fog {

// A transaction whose encoding, bounds and signature have been verified. Only check_form makes one.
class CheckedTx {
 public:
  const SignedTx& tx() const { return tx_; }
  const TxId& id() const { return id_; }
  const Bytes& encoded() const { return encoded_; }
  std::uint64_t units() const { return units_; }

 private:
  friend class FormChecker;
  CheckedTx() = default;
  SignedTx tx_;
  TxId id_{};
  Bytes encoded_;
  std::uint64_t units_ = 0;
};

// A transaction decoded and bounded, its signature not yet looked at: enough for the mempool's
// cheap look at sequence and fee before it pays for the 40 us of a signature.
class DecodedTx {
 public:
  const SignedTx& tx() const { return tx_; }
  const TxId& id() const { return id_; }
  const Bytes& encoded() const { return encoded_; }
  std::uint64_t units() const { return units_; }

 private:
  friend class FormChecker;
  DecodedTx() = default;
  SignedTx tx_;
  TxId id_{};
  Bytes encoded_;
  std::uint64_t units_ = 0;
};

// Size, encoding, chain, lane, bounds, known message kinds are consensus/rules' (decode_messages).
Result<DecodedTx, Fault> decode_tx(ByteView bytes, const ChainId& chain_id);
// Key, policy and signature. Safe from any thread.
Result<CheckedTx, Fault> check_signature(DecodedTx&& decoded);
// Both.
Result<CheckedTx, Fault> check_form(ByteView bytes, const ChainId& chain_id);

// What a block asks of every transaction: the same for all of them, so it is read once a block.
struct InclusionTerms {
  ChainParams params;
  std::uint64_t base_price = 0;  // at time_ms
  std::uint64_t time_ms = 0;     // of the block
};
// The terms of a block at `time_ms` above a state that has a genesis.
InclusionTerms load_terms(const ReadView& state, std::uint64_t time_ms);

// Whether the transaction could be included in a block on these terms, its sender's account
// (nothing: there is none) being as given: expiry, sequence exactly the lane's next, price, size,
// balance against the maximum fee. kNone when it could.
Fault check_inclusion(const InclusionTerms& terms, const std::optional<Account>& sender,
                      const TxBody& body, std::uint64_t units);

// The same, as the state stands, for a block at `time_ms`.
Fault check_state(const ReadView& state, const DecodedTx& tx, std::uint64_t time_ms);
Fault check_state(const ReadView& state, const CheckedTx& tx, std::uint64_t time_ms);

// The fee at a base price: units x min(price_max, base + tip), split into burned and tip. The
// transaction's price_max is at least the base price.
struct FeeSplit {
  Amount burned;
  Amount tip;
  bool operator==(const FeeSplit&) const = default;
};
std::optional<FeeSplit> fee_of(const TxBody& body, std::uint64_t units, std::uint64_t base_price);
// The most the transaction can be charged: units x price_max; nothing on overflow.
std::optional<Amount> fee_max(const TxBody& body, std::uint64_t units);

}  // namespace fog
