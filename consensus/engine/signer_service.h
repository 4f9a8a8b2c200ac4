// SignerService: what a signer answers, request by request. It believes nobody: every vote is held
// against chain, form and record, and a beacon link is given when it is due.
//
// A link is due when it was given before (a proposal that was passed over is made again with the
// same), or when this validator has voted notarize since the last one that was new: its proposal,
// which uses a link up, is such a vote. So whoever has taken over the node learns at most one link
// that the chain does not know yet.
//
// One owner; not thread safe.
#pragma once

#include <deque>

#include "consensus/engine/signer.h"
#include "consensus/engine/signer_wire.h"

namespace fog {

class SignerService {
 public:
  // The signer must outlive it and has a record.
  explicit SignerService(Signer& signer);

  signer_wire::Answer answer(const signer_wire::Request& request);
  // Why nothing is signed any more; a restart looks at the record again.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  signer_wire::Answer on(const signer_wire::Hello& hello);
  signer_wire::Answer on(const signer_wire::SignVote& request);
  signer_wire::Answer on(const signer_wire::RevealLink& request);
  signer_wire::Refused wrong_chain(const ChainId& asked) const;

  Signer& signer_;
  const ChainId chain_id_;
  std::deque<Hash32> given_;  // tips, the latest last
  bool new_link_due_ = true;
  std::optional<Error> failure_;
};

}  // namespace fog
