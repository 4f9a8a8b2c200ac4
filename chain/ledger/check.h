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

// Whether the transaction could be included in a block at `time_ms`, as the state stands: expiry,
// sequence exactly the lane's next, price, balance against the maximum fee. kNone when it could.
Fault check_state(const ReadView& state, const DecodedTx& tx, std::uint64_t time_ms);
Fault check_state(const ReadView& state, const CheckedTx& tx, std::uint64_t time_ms);

// The fee at a base price: units x min(price_max, base + tip), split into burned and tip. The
// transaction's price_max is at least the base price.
struct FeeSplit {
  Amount burned;
  Amount tip;
};
std::optional<FeeSplit> fee_of(const TxBody& body, std::uint64_t units, std::uint64_t base_price);
// The most the transaction can be charged: units x price_max; nothing on overflow.
std::optional<Amount> fee_max(const TxBody& body, std::uint64_t units);

}  // namespace fog
