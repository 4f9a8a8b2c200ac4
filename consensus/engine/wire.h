// What validators and full nodes say to each other, over chain/net: BCS each, one kind a struct.
#pragma once

#include "chain/net/network.h"
#include "chain/types/block.h"

namespace fog::wire {

enum class Kind : std::uint8_t {
  kProposal = 0x10,
  kVote = 0x11,
  kCertificate = 0x12,
  kGetCertificates = 0x13,
  kGetBlock = 0x14,
  kBlock = 0x15,
  kGetBlockTxs = 0x16,
  kBlockTxs = 0x17,
  kStatus = 0x18,
  kGetFinal = 0x19,
  kFinal = 0x1A,
  kAnnounce = 0x1B,
  kGetTxs = 0x1C,
  kTxs = 0x1D,
  // Of wire_snapshot.h.
  kGetEpochs = 0x1E,
  kEpochs = 0x1F,
  kGetSnapshots = 0x20,
  kSnapshots = 0x21,
  kGetChunk = 0x22,
  kChunk = 0x23,
};

// Blocks whose transactions take no more than this travel whole.
constexpr std::size_t kWholeBlockBytes = 32 * 1024;
constexpr std::size_t kTxIdsMax = 4'096;
constexpr std::size_t kTxsBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kFinalBlocksMax = 1'024;
constexpr std::size_t kFinalBytesMax = 20 * 1024 * 1024;

// The first eight bytes of a transaction's id. Two that share them cost a fetch, nothing else.
using ShortId = std::uint64_t;
ShortId short_id(const TxId& id);

struct CompactBlock {
  BlockHeader header;
  std::optional<Certificate> certificate;
  BoundedList<ShortId, kBlockTxsMax> txs;
  static constexpr auto kFields =
      std::make_tuple(&CompactBlock::header, &CompactBlock::certificate, &CompactBlock::txs);
  bool operator==(const CompactBlock&) const = default;
};

// A leader's notarize vote with its block, whole or compact; with neither when it proposes the
// epoch's last block again.
struct Proposal {
  static constexpr Kind kKind = Kind::kProposal;
  SignedVote notarize;
  std::optional<Block> whole;
  std::optional<CompactBlock> compact;
  static constexpr auto kFields =
      std::make_tuple(&Proposal::notarize, &Proposal::whole, &Proposal::compact);
  bool operator==(const Proposal&) const = default;
};

struct VoteMessage {
  static constexpr Kind kKind = Kind::kVote;
  SignedVote vote;
  static constexpr auto kFields = std::make_tuple(&VoteMessage::vote);
  bool operator==(const VoteMessage&) const = default;
};

struct CertificateMessage {
  static constexpr Kind kKind = Kind::kCertificate;
  Certificate certificate;
  static constexpr auto kFields = std::make_tuple(&CertificateMessage::certificate);
  bool operator==(const CertificateMessage&) const = default;
};

// Answered with certificates, each in a message of its own.
struct GetCertificates {
  static constexpr Kind kKind = Kind::kGetCertificates;
  std::uint64_t epoch = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  static constexpr auto kFields =
      std::make_tuple(&GetCertificates::epoch, &GetCertificates::from, &GetCertificates::to);
  bool operator==(const GetCertificates&) const = default;
};

// A block that is not final, or has just become so.
struct GetBlock {
  static constexpr Kind kKind = Kind::kGetBlock;
  static constexpr Kind kAnswer = Kind::kBlock;
  BlockId id;
  static constexpr auto kFields = std::make_tuple(&GetBlock::id);
  bool operator==(const GetBlock&) const = default;
};
struct BlockMessage {
  static constexpr Kind kKind = Kind::kBlock;
  Block block;
  static constexpr auto kFields = std::make_tuple(&BlockMessage::block);
  bool operator==(const BlockMessage&) const = default;
};

// The transactions that a compact block did not find in the mempool, by place, ascending.
struct GetBlockTxs {
  static constexpr Kind kKind = Kind::kGetBlockTxs;
  static constexpr Kind kAnswer = Kind::kBlockTxs;
  BlockId id;
  BoundedList<std::uint32_t, kBlockTxsMax> places;
  static constexpr auto kFields = std::make_tuple(&GetBlockTxs::id, &GetBlockTxs::places);
  bool operator==(const GetBlockTxs&) const = default;
};
struct BlockTxs {
  static constexpr Kind kKind = Kind::kBlockTxs;
  BlockId id;
  BoundedList<BoundedBytes<kTxBytesMax>, kBlockTxsMax> txs;
  static constexpr auto kFields = std::make_tuple(&BlockTxs::id, &BlockTxs::txs);
  bool operator==(const BlockTxs&) const = default;
};

// What a node has; sent when peers meet and after it has changed.
struct Status {
  static constexpr Kind kKind = Kind::kStatus;
  std::uint64_t height = 0;        // of the last final block
  std::uint64_t first_height = 0;  // from which on it has blocks
  BlockId block;
  static constexpr auto kFields =
      std::make_tuple(&Status::height, &Status::first_height, &Status::block);
  bool operator==(const Status&) const = default;
};

// Final blocks from a height on.
struct GetFinal {
  static constexpr Kind kKind = Kind::kGetFinal;
  static constexpr Kind kAnswer = Kind::kFinal;
  std::uint64_t from = 0;
  std::uint32_t max = 0;
  static constexpr auto kFields = std::make_tuple(&GetFinal::from, &GetFinal::max);
  bool operator==(const GetFinal&) const = default;
};
// Blocks of one epoch that follow each other; the certificate finalizes the last. Empty when the
// peer does not have them.
struct FinalBlocks {
  static constexpr Kind kKind = Kind::kFinal;
  std::uint64_t from = 0;  // as asked
  BoundedList<Block, kFinalBlocksMax> blocks;
  std::optional<Certificate> certificate;
  static constexpr auto kFields =
      std::make_tuple(&FinalBlocks::from, &FinalBlocks::blocks, &FinalBlocks::certificate);
  bool operator==(const FinalBlocks&) const = default;
};

struct Announce {
  static constexpr Kind kKind = Kind::kAnnounce;
  BoundedList<TxId, kTxIdsMax> ids;
  static constexpr auto kFields = std::make_tuple(&Announce::ids);
  bool operator==(const Announce&) const = default;
};
struct GetTxs {
  static constexpr Kind kKind = Kind::kGetTxs;
  BoundedList<TxId, kTxIdsMax> ids;
  static constexpr auto kFields = std::make_tuple(&GetTxs::ids);
  bool operator==(const GetTxs&) const = default;
};
struct Txs {
  static constexpr Kind kKind = Kind::kTxs;
  BoundedList<BoundedBytes<kTxBytesMax>, kTxIdsMax> txs;
  static constexpr auto kFields = std::make_tuple(&Txs::txs);
  bool operator==(const Txs&) const = default;
};

// Size and rate of each kind.
std::vector<KindRule> kind_rules();

template <class M>
void send(Network& net, const NodeId& to, const M& message) {
  net.send(to, static_cast<std::uint8_t>(M::kKind), bcs_encode(message));
}
template <class M>
void broadcast(Network& net, const M& message) {
  net.broadcast(static_cast<std::uint8_t>(M::kKind), bcs_encode(message));
}

}  // namespace fog::wire
