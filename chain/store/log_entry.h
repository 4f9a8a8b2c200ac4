// LogEntry: what the block log holds. The log is the node's journal too: whatever must be on disk
// before a vote leaves the machine stands here, in the order in which it happened.
#pragma once

#include <variant>

#include "chain/types/block.h"
#include "chain/types/vote.h"

namespace fog {

// The first entry of each file.
struct SegmentEntry {
  std::uint16_t version = 1;
  ChainId chain_id;
  std::uint64_t segment = 0;
  // Starts this file's checksums: whoever writes transactions cannot know it, so he cannot make
  // bytes inside a transaction look like an entry.
  Hash32 salt;
  static constexpr auto kFields = std::make_tuple(&SegmentEntry::version, &SegmentEntry::chain_id,
                                                  &SegmentEntry::segment, &SegmentEntry::salt);
  bool operator==(const SegmentEntry&) const = default;
};

// A block as it was proposed in a view; whether it ever becomes final, a later entry says.
struct ProposalEntry {
  std::uint64_t view = 0;
  std::uint64_t parent_view = 0;
  Block block;
  static constexpr auto kFields =
      std::make_tuple(&ProposalEntry::view, &ProposalEntry::parent_view, &ProposalEntry::block);
  bool operator==(const ProposalEntry&) const = default;
};

// This validator's own vote, before anyone else sees it.
struct VoteEntry {
  Vote vote;
  static constexpr auto kFields = std::make_tuple(&VoteEntry::vote);
  bool operator==(const VoteEntry&) const = default;
};

// A notarization or nullification.
struct CertificateEntry {
  Certificate certificate;
  static constexpr auto kFields = std::make_tuple(&CertificateEntry::certificate);
  bool operator==(const CertificateEntry&) const = default;
};

// A block became final, and what executing it came to.
struct FinalEntry {
  std::uint64_t height = 0;
  std::uint64_t view = 0;  // of the proposal
  BlockId block;
  std::optional<Certificate> certificate;  // absent when a descendant's finalizes it
  Hash32 app_hash;                         // state root after the block
  BoundedList<TxOutcome, kBlockTxsMax> outcomes;
  static constexpr auto kFields =
      std::make_tuple(&FinalEntry::height, &FinalEntry::view, &FinalEntry::block,
                      &FinalEntry::certificate, &FinalEntry::app_hash, &FinalEntry::outcomes);
  bool operator==(const FinalEntry&) const = default;
};

using LogEntry = std::variant<SegmentEntry, ProposalEntry, VoteEntry, CertificateEntry, FinalEntry>;

}  // namespace fog
