#include "consensus/engine/wire.h"

#include "consensus/engine/wire_snapshot.h"

namespace fog::wire {
namespace {

constexpr std::size_t kVoteBytes = 256;
constexpr std::size_t kCertificateBytes = kVoteBytes + kValidatorsMax * 65;
constexpr std::size_t kBlockBytes = kBlockBytesMax + kCertificateBytes + 4'096;

KindRule rule(Kind kind, Lane lane, std::size_t bytes, std::uint32_t per_second,
              std::uint32_t burst) {
  return {static_cast<std::uint8_t>(kind), lane, bytes, per_second, burst};
}

}  // namespace

ShortId short_id(const TxId& id) {
  ShortId out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | id.data[i];
  return out;
}

std::vector<KindRule> kind_rules() {
  return {
      // A validator's share of views that follow each other within milliseconds, and what a retry
      // adds to it.
      rule(Kind::kProposal, Lane::kConsensus, kBlockBytes + kVoteBytes, 1'000, 2'000),
      rule(Kind::kVote, Lane::kConsensus, kVoteBytes, 20'000, 40'000),
      rule(Kind::kCertificate, Lane::kConsensus, kCertificateBytes, 4'000, 8'000),
      // Questions whose answers are larger than they are.
      rule(Kind::kGetCertificates, Lane::kConsensus, 64, 100, 300),
      rule(Kind::kGetBlock, Lane::kConsensus, 64, 100, 300),
      rule(Kind::kBlock, Lane::kBulk, kBlockBytes, 100, 300),
      rule(Kind::kGetBlockTxs, Lane::kConsensus, 64 + kBlockTxsMax * 4, 200, 400),
      rule(Kind::kBlockTxs, Lane::kConsensus, kBlockBytes, 200, 400),
      rule(Kind::kStatus, Lane::kConsensus, 128, 100, 200),
      rule(Kind::kGetFinal, Lane::kBulk, 64, 20, 40),
      rule(Kind::kFinal, Lane::kBulk, kFinalBytesMax + kBlockBytes, 20, 40),
      rule(Kind::kAnnounce, Lane::kTransactions, 16 + kTxIdsMax * 32, 1'000, 2'000),
      rule(Kind::kGetTxs, Lane::kTransactions, 16 + kTxIdsMax * 32, 500, 1'000),
      rule(Kind::kTxs, Lane::kTransactions, kTxsBytesMax + kTxBytesMax + 64, 1'000, 2'000),
      rule(Kind::kGetEpochs, Lane::kBulk, 16, 20, 40),
      rule(Kind::kEpochs, Lane::kBulk, 16 + kEpochEndsMax * kEpochEndBytesMax, 20, 40),
      rule(Kind::kGetSnapshots, Lane::kBulk, 16, 2, 4),
      rule(Kind::kSnapshots, Lane::kBulk, 16 + kSnapshotsMax * (64 + kSnapshotChunksMax * 2), 2, 4),
      // At 4 MiB each, what a fast disk and a fast line give.
      rule(Kind::kGetChunk, Lane::kBulk, 16, 20, 40),
      rule(Kind::kChunk, Lane::kBulk, 32 + kSnapshotChunkBytesMax, 20, 40),
  };
}

}  // namespace fog::wire
