// VoteGuard: the record beside the key of the latest view in which it voted, and how. It signs
// nothing that the record does not allow, so that a validator whose journal was lost or restored
// from an old copy cannot vote against itself.
//
// Two slots of 256 bytes in one file, written in turn and in place; the one with the higher number
// and a good checksum holds. A torn write spoils the slot that was being written, and the vote it
// was for has not been signed yet.
//
//   slot: magic u32 | BCS of VoteRecord | zeros | CRC-32C u32
#pragma once

#include "chain/base/env.h"
#include "chain/crypto/keys.h"
#include "chain/types/vote.h"

namespace fog {

// What a notarize or finalize vote is for.
struct VotedBlock {
  std::uint64_t parent_view = 0;
  BlockId block;
  static constexpr auto kFields = std::make_tuple(&VotedBlock::parent_view, &VotedBlock::block);
  bool operator==(const VotedBlock&) const = default;
};

struct VoteRecord {
  std::uint64_t number = 0;  // counts the writes
  XOnlyKey key;
  ChainId chain_id;
  std::uint64_t epoch = 0;
  std::uint64_t view = 0;  // nothing is ever signed below it
  std::optional<VotedBlock> notarized;
  bool nullified = false;
  std::optional<VotedBlock> finalized;
  // The highest view voted final, and its block.
  std::uint64_t view_finalized = 0;
  BlockId block_finalized;
  static constexpr auto kFields = std::make_tuple(
      &VoteRecord::number, &VoteRecord::key, &VoteRecord::chain_id, &VoteRecord::epoch,
      &VoteRecord::view, &VoteRecord::notarized, &VoteRecord::nullified, &VoteRecord::finalized,
      &VoteRecord::view_finalized, &VoteRecord::block_finalized);
  bool operator==(const VoteRecord&) const = default;
};

constexpr std::size_t kVoteSlotBytes = 256;

// The record that a file's bytes hold; nothing when neither slot is whole. Of a file that was ever
// valid, a torn or damaged slot leaves the other.
std::optional<VoteRecord> read_vote_slots(ByteView file);
// The record in a file. kNotFound and kCorrupt say what that means for the key.
ErrorOr<VoteRecord> read_vote_record(Env& env, const std::string& path);
Bytes make_vote_slot(const VoteRecord& record);
// Whether the rules of the consensus allow this vote after what the record says. A repeated vote is
// allowed.
bool may_vote(const VoteRecord& record, const Vote& vote);
// The record after it.
VoteRecord record_after(const VoteRecord& record, const Vote& vote);

// One owner; not thread safe.
class VoteGuard {
 public:
  // For a key that has never voted. kAlreadyExists when there is a record.
  static ErrorOr<void> create(Env& env, const std::string& path, const ChainId& chain_id,
                              const XOnlyKey& key);
  // kNotFound without a record, which refuses to start: the key may have voted elsewhere.
  static ErrorOr<VoteGuard> open(Env& env, const std::string& path, const ChainId& chain_id,
                                 const SecretKey& key);

  const VoteRecord& record() const { return record_; }
  // Puts the vote on disk, then signs it. kRejected when the record forbids it.
  ErrorOr<ValidatorSignature> sign(const Vote& vote, std::uint8_t index);

 private:
  VoteGuard(std::unique_ptr<SlotFile> file, const SecretKey& key, const VoteRecord& record)
      : file_(std::move(file)), key_(key), record_(record) {}

  std::unique_ptr<SlotFile> file_;
  SecretKey key_;
  VoteRecord record_;
  std::optional<Error> broken_;
};

}  // namespace fog
