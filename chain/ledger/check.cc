#include "chain/ledger/check.h"

#include <algorithm>

#include "chain/crypto/known_keys.h"

namespace fog {
namespace {

Fault check_single(const TxBody& body, const TxId& id, const SingleAuth& auth) {
  // The cheap look first: whoever sends garbage costs a hash and not a signature.
  if (address_of(auth.key) != body.sender) return Fault::kSenderMismatch;
  if (verify_ecdsa_of_known(auth.key, id, auth.signature)) return Fault::kNone;
  return is_valid(auth.key) ? Fault::kBadSignature : Fault::kBadPublicKey;
}

Fault check_multi(const TxBody& body, const TxId& id, const MultiAuth& auth) {
  if (address_of(auth.policy) != body.sender) return Fault::kSenderMismatch;
  if (auth.signatures.size() != auth.policy.threshold) return Fault::kBadMultisig;
  int last_index = -1;
  for (const IndexedSignature& entry : auth.signatures) {
    if (entry.index <= last_index || entry.index >= auth.policy.keys.size()) {
      return Fault::kBadMultisig;
    }
    last_index = entry.index;
  }
  if (!auth.policy.is_valid()) return Fault::kBadMultisig;
  for (const IndexedSignature& entry : auth.signatures) {
    if (!verify_ecdsa(auth.policy.keys[entry.index], id, entry.signature)) {
      return Fault::kBadSignature;
    }
  }
  return Fault::kNone;
}

Fault check_auth(const SignedTx& tx, const TxId& id) {
  if (const auto* single = std::get_if<SingleAuth>(&tx.auth)) {
    return check_single(tx.body, id, *single);
  }
  return check_multi(tx.body, id, std::get<MultiAuth>(tx.auth));
}

Fault check_bounds(const TxBody& body, const ChainId& chain_id) {
  if (body.chain_id != chain_id) return Fault::kWrongChain;
  if (body.lane >= kLanes) return Fault::kBadLane;
  if (body.messages.empty()) return Fault::kNoMessages;
  if (body.tip > body.price_max) return Fault::kTipAboveMax;
  return Fault::kNone;
}

}  // namespace

// The one maker of DecodedTx and CheckedTx.
class FormChecker {
 public:
  static Result<DecodedTx, Fault> decode(ByteView bytes, const ChainId& chain_id) {
    if (bytes.size() > kTxBytesMax) return Fail{Fault::kTooLarge};
    DecodedTx out;
    BcsReader in(bytes);
    if (!bcs_read(in, out.tx_.body)) return Fail{Fault::kMalformed};
    const std::size_t body_size = in.position();
    if (!bcs_read(in, out.tx_.auth) || in.remaining() != 0) return Fail{Fault::kMalformed};
    if (const Fault fault = check_bounds(out.tx_.body, chain_id); fault != Fault::kNone) {
      return Fail{fault};
    }
    // The encoding is canonical, so the body's own bytes are its encoding.
    out.id_ = tx_id(bytes.first(body_size));
    out.encoded_.assign(bytes.begin(), bytes.end());
    out.units_ = tx_units(out.tx_, bytes.size());
    return out;
  }

  static Result<CheckedTx, Fault> verify(DecodedTx&& decoded) {
    if (const Fault fault = check_auth(decoded.tx_, decoded.id_); fault != Fault::kNone) {
      return Fail{fault};
    }
    CheckedTx out;
    out.tx_ = std::move(decoded.tx_);
    out.id_ = decoded.id_;
    out.encoded_ = std::move(decoded.encoded_);
    out.units_ = decoded.units_;
    return out;
  }
};

Result<DecodedTx, Fault> decode_tx(ByteView bytes, const ChainId& chain_id) {
  return FormChecker::decode(bytes, chain_id);
}

Result<CheckedTx, Fault> check_signature(DecodedTx&& decoded) {
  return FormChecker::verify(std::move(decoded));
}

Result<CheckedTx, Fault> check_form(ByteView bytes, const ChainId& chain_id) {
  TRY(DecodedTx decoded, decode_tx(bytes, chain_id));
  return check_signature(std::move(decoded));
}

InclusionTerms load_terms(const ReadView& state, std::uint64_t time_ms) {
  InclusionTerms terms;
  const auto params = load<ChainParams>(state, chain_params_key());
  const auto market = load<FeeMarket>(state, fee_market_key());
  CHECK(params && market);
  terms.params = *params;
  terms.base_price = base_price_at(*params, *market, time_ms);
  terms.time_ms = time_ms;
  return terms;
}

Fault check_inclusion(const InclusionTerms& terms, const std::optional<Account>& sender,
                      const TxBody& body, std::uint64_t units) {
  if (body.expiry_ms < terms.time_ms) return Fault::kExpired;
  if (body.expiry_ms - terms.time_ms > terms.params.expiry_ahead_max_ms) {
    return Fault::kExpiryTooFar;
  }
  if (!sender) return Fault::kNoAccount;
  const std::uint64_t next = sender->next_sequence(body.lane);
  if (body.sequence < next) return Fault::kSequenceTooLow;
  if (body.sequence > next) return Fault::kSequenceGap;
  if (body.price_max < terms.base_price) return Fault::kFeeTooLow;
  if (units > terms.params.block_units_max) return Fault::kBlockFull;
  const std::optional<Amount> fee = fee_max(body, units);
  if (!fee || sender->balance < *fee) return Fault::kCannotPayFee;
  return Fault::kNone;
}

Fault check_state(const ReadView& state, const DecodedTx& tx, std::uint64_t time_ms) {
  return check_inclusion(load_terms(state, time_ms),
                         load<Account>(state, account_key(tx.tx().body.sender)), tx.tx().body,
                         tx.units());
}

Fault check_state(const ReadView& state, const CheckedTx& tx, std::uint64_t time_ms) {
  return check_inclusion(load_terms(state, time_ms),
                         load<Account>(state, account_key(tx.tx().body.sender)), tx.tx().body,
                         tx.units());
}

std::optional<FeeSplit> fee_of(const TxBody& body, std::uint64_t units, std::uint64_t base_price) {
  CHECK(body.price_max >= base_price);
  const std::uint64_t tip_price = std::min(body.tip, body.price_max - base_price);
  const auto burned = checked_mul(units, base_price);
  const auto tip = checked_mul(units, tip_price);
  if (!burned || !tip || !checked_add(*burned, *tip)) return std::nullopt;
  return FeeSplit{Amount{*burned}, Amount{*tip}};
}

std::optional<Amount> fee_max(const TxBody& body, std::uint64_t units) {
  const auto fee = checked_mul(units, body.price_max);
  if (!fee) return std::nullopt;
  return Amount{*fee};
}

}  // namespace fog
