// Signer: what speaks in a validator's name, and keeps the record of what it has said. In the
// node's process (local_signer.h) or in one of its own (remote_signer.h).
//
// One thread at a time.
#pragma once

#include "chain/types/block.h"
#include "chain/types/records.h"
#include "consensus/engine/vote_guard.h"

namespace fog {

class Signer {
 public:
  virtual ~Signer() = default;

  virtual const XOnlyKey& key() const = 0;
  // The record as the signer has last told it; nothing from a remote signer that has not been
  // reached since the start.
  virtual std::optional<VoteRecord> record() const = 0;

  // Puts the vote on disk into the record, then signs it. What else must be on disk before the vote
  // leaves is there before the call. `index`: the validator's place in the epoch's set.
  //
  // kRejected: the record forbids this vote, now and later. kUnavailable: not now; the same vote
  // may be asked for again. Anything else: nothing will be signed any more before a restart.
  virtual ErrorOr<ValidatorSignature> sign(const Vote& vote, std::uint8_t index) = 0;

  // The beacon link that the validator reveals next, as its record in the parent's state stands.
  //
  // kUnavailable, kRejected: not now, which costs the validator its proposal. Anything else: this
  // key can never propose a block.
  virtual ErrorOr<BeaconReveal> reveal(const ValidatorRecord& record) = 0;
};

}  // namespace fog
