// Block: a header, the signed bytes of its transactions, and what made its parent certain.
#pragma once

#include <optional>

#include "chain/types/vote.h"

namespace fog {

constexpr std::size_t kBlockTxsMax = 65'536;
constexpr std::size_t kBlockBytesMax = 16 * 1024 * 1024;

// The proposer's next link of its hash chain, mixed into the beacon. The last link of a chain comes
// with the commitment of the next chain.
struct BeaconReveal {
  Hash32 link;
  std::optional<Hash32> next_commitment;
  static constexpr auto kFields =
      std::make_tuple(&BeaconReveal::link, &BeaconReveal::next_commitment);
  bool operator==(const BeaconReveal&) const = default;
};

struct BlockHeader {
  ChainId chain_id;
  std::uint64_t height = 0;  // genesis is 0, the first block 1
  std::uint64_t epoch = 0;
  std::uint64_t time_ms = 0;  // exceeds the parent's
  BlockId parent;
  Hash32 app_hash;         // state root after the parent
  Hash32 tx_root;          // tx_root() of the signed bytes
  Hash32 validators_hash;  // tagged hash of the validator set that certifies this block
  XOnlyKey proposer;
  std::optional<BeaconReveal> beacon;  // absent exactly when the block writes nothing
  // The set of the next epoch: present exactly in the last block of an epoch.
  std::optional<Hash32> next_validators_hash;
  Hash32 certificate_hash;  // of the block's certificate; zero when it carries none

  static constexpr auto kFields = std::make_tuple(
      &BlockHeader::chain_id, &BlockHeader::height, &BlockHeader::epoch, &BlockHeader::time_ms,
      &BlockHeader::parent, &BlockHeader::app_hash, &BlockHeader::tx_root,
      &BlockHeader::validators_hash, &BlockHeader::proposer, &BlockHeader::beacon,
      &BlockHeader::next_validators_hash, &BlockHeader::certificate_hash);
  bool operator==(const BlockHeader&) const = default;
};

struct Block {
  BlockHeader header;
  BoundedList<BoundedBytes<kTxBytesMax>, kBlockTxsMax> txs;  // BCS of SignedTx each
  // A notarization or finalization of the parent, by the block's own epoch: the first block of an
  // epoch carries none, and a leader may leave it out. Who is in no certificate of an epoch was
  // absent from it.
  std::optional<Certificate> certificate;
  static constexpr auto kFields = std::make_tuple(&Block::header, &Block::txs, &Block::certificate);
  bool operator==(const Block&) const = default;
};

// The tagged hash "fog/block" of the BCS of the header.
BlockId block_id(const BlockHeader& header);
// RFC 6962 Merkle tree hash (SHA-256, leaf prefix 00, node prefix 01) over the signed bytes.
Hash32 tx_root(const std::vector<ByteView>& txs);
Hash32 tx_root(const Block& block);

}  // namespace fog
