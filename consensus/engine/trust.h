// Which history a node takes from others: weak subjectivity.
//
// Validators whose stake has been paid out risk nothing by signing another history after the block
// at which they left. So a node believes signatures only while what it starts from is younger than
// the trusting period, which is shorter than the time stake takes to be paid out; beyond, somebody
// must name a block: a checkpoint. This is each node's own rule, by its own clock, and no part of
// the state machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "chain/base/error.h"
#include "chain/types/vote.h"

namespace fog {

// A final block that whoever runs the node has from somebody he trusts.
struct TrustedBlock {
  std::uint64_t height = 0;
  BlockId block;
  bool operator==(const TrustedBlock&) const = default;
};
// "HEIGHT:HASH", the hash as 0x and 64 hex digits. kInvalidInput says what is wrong.
ErrorOr<TrustedBlock> parse_trusted_block(const std::string& text);
std::string to_text(const TrustedBlock& trusted);

// What a node knows of itself at its start.
struct TrustQuestion {
  std::uint64_t now_ms = 0;
  std::uint64_t trusting_period_ms = 0;
  // Its last final block, the genesis at height 0.
  std::uint64_t height = 0;
  BlockId block;
  std::uint64_t time_ms = 0;
  // Whether no block can be made final without this node's key.
  bool is_indispensable = false;
  std::optional<TrustedBlock> trusted;
};
// kRejected when the node must not take blocks from others without a (newer) checkpoint; says what
// to do.
ErrorOr<void> check_trust(const TrustQuestion& question);

// Whether a block with this time may be what a node goes on from.
bool is_within_trust(std::uint64_t block_ms, std::uint64_t now_ms,
                     std::uint64_t trusting_period_ms);
// The refusal of a checkpoint whose block is too old.
Fail<Error> checkpoint_too_old(const TrustedBlock& trusted);

}  // namespace fog
