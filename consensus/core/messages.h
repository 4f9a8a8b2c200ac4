// What goes into the consensus core and what comes out of it: two closed lists. Whoever drives the
// core checks signatures before it feeds them, and carries out effects in their order.
//
// The protocol is Simplex (Chan and Pass, "Simplex Consensus", TCC 2023, eprint 2023/463), with
// votes weighed by stake. Its iteration h is a view here, its "dummy block" vote a nullify vote.
#pragma once

#include <variant>
#include <vector>

#include "chain/types/vote.h"

namespace fog {

// The first view of an epoch is this plus one. Epochs do not share views, so a view alone says what
// came before what.
constexpr std::uint64_t epoch_view(std::uint64_t epoch) {
  return epoch << 32;
}

// What the core knows of a block; whoever drives it holds the block itself.
struct BlockRef {
  BlockId id;
  BlockId parent;
  std::uint64_t height = 0;
  bool operator==(const BlockRef&) const = default;
};

enum class TimerKind : std::uint8_t {
  kLeader,   // 2D: the leader has not proposed
  kAdvance,  // 3D: the view has not ended
  kRetry,    // say again what may have been lost
  kFinal,    // 2D: a notarized block is not final, and nothing else drives the chain on
  kFetch,    // D/8: what was asked for has not come; somebody else may have it
};
constexpr std::size_t kTimerKinds = 5;

// ---- inputs ----

// A leader's proposal: its notarize vote, and a block that is at hand.
struct ProposalInput {
  SignedVote notarize;
  BlockRef block;
};
struct VoteInput {
  SignedVote vote;
};
struct CertificateInput {
  Certificate certificate;
};
// A block that was fetched is at hand.
struct BlockInput {
  BlockRef block;
};
// The answer to Verify.
struct VerifiedInput {
  std::uint64_t view = 0;
  BlockId block;
  bool valid = false;
};
// The answer to Build; no block when there is nothing to put into one.
struct BuiltInput {
  std::uint64_t view = 0;
  std::optional<BlockRef> block;
};
// A block in this view would have something to do.
struct WorkInput {
  std::uint64_t view = 0;
};
struct TimerInput {
  TimerKind kind = TimerKind::kLeader;
  std::uint64_t view = 0;
};
// A block was taken over from a peer as final, with all below it.
struct FloorInput {
  BlockRef block;
  Certificate finalization;
};
using Input = std::variant<ProposalInput, VoteInput, CertificateInput, BlockInput, VerifiedInput,
                           BuiltInput, WorkInput, TimerInput, FloorInput>;

// ---- effects ----

// Append to the journal. Everything appended is on disk before the next Sign is carried out.
struct AppendProposal {
  std::uint64_t view = 0;
  std::uint64_t parent_view = 0;
  BlockId block;
};
struct AppendVote {
  Vote vote;
};
struct AppendCertificate {
  Certificate certificate;
};
// Sync the journal, sign, send to everybody, feed back as a VoteInput. A signer that refuses says
// nothing: the vote is forgone.
struct Sign {
  Vote vote;
  bool proposal = false;  // goes out with its block
};
// To everybody.
struct SendCertificate {
  Certificate certificate;
};
struct SendVote {
  SignedVote vote;
  bool proposal = false;  // with its block
};
// One timer of a kind: the later replaces the earlier.
struct SetTimer {
  TimerKind kind = TimerKind::kLeader;
  std::uint64_t view = 0;
  std::uint64_t delay_ms = 0;
};
struct Build {
  std::uint64_t view = 0;
  std::uint64_t parent_view = 0;
  BlockId parent;
  bool allow_empty = false;  // a block is wanted even when it has no content
};
// Whether the block is valid above its parent. The parent's validity is certified.
struct Verify {
  std::uint64_t view = 0;
  BlockId block;
  BlockId parent;
};
// Certificates of views from..to are missing; the leader of `view` must have them.
struct FetchCertificates {
  std::uint64_t view = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
struct FetchBlock {
  BlockId block;
};
// A new view: what a block proposed in it would stand on. Whoever drives the core answers with
// WorkInput as soon as such a block has something to do.
struct Entered {
  std::uint64_t view = 0;
  BlockId parent;
};
struct FinalizedBlock {
  std::uint64_t view = 0;
  std::uint64_t parent_view = 0;
  BlockId block;
  bool operator==(const FinalizedBlock&) const = default;
};
// These are final, oldest first, each the next one's parent; the certificate finalizes the last.
struct Finalized {
  std::vector<FinalizedBlock> blocks;
  Certificate certificate;
};
// Two votes of one validator that no honest one casts both.
struct Evidence {
  SignedVote first;
  SignedVote second;
};
using Effect = std::variant<AppendProposal, AppendVote, AppendCertificate, Sign, SendCertificate,
                            SendVote, SetTimer, Build, Verify, FetchCertificates, FetchBlock,
                            Entered, Finalized, Evidence>;
using Effects = std::vector<Effect>;

}  // namespace fog
