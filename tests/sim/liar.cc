#include "tests/sim/liar.h"

#include "consensus/engine/wire_snapshot.h"

namespace fog::sim {
namespace {

constexpr std::size_t kPastMax = 256;
constexpr std::uint64_t kMoodNs = 700 * kMs;

// Lets `lie` change the message, if it is an M.
template <class M, class Lie>
void change(Liar::Message& message, const Lie& lie) {
  if (message.first != static_cast<std::uint8_t>(M::kKind)) return;
  auto said = bcs_decode<M>(message.second);
  if (!said) return;
  lie(*said);
  message.second = bcs_encode(*said);
}

}  // namespace

// Whom it speaks to changes every now and then.
bool Liar::speaks_to(std::size_t to, std::uint8_t kind) const {
  if (!options_.withholds && !options_.twin) return true;
  const std::uint64_t mood = time_.now_ns / kMoodNs;
  const std::uint64_t about = options_.twin ? 0 : kind;
  testing::SeededRng rng(salt_ ^ mood * 0x9E3779B97F4A7C15U ^ to << 8 ^ about);
  return rng.below(2) == 0;
}

void Liar::lie_in_sync(Message& message) {
  change<wire::Status>(message, [&](wire::Status& status) {
    if (rng_.below(2) == 0) status.height += rng_.below(1'000);
  });
  change<wire::FinalBlocks>(message, [&](wire::FinalBlocks& final) { lie_about(final); });
  change<wire::Epochs>(message, [&](wire::Epochs& epochs) { lie_about(epochs); });
  change<wire::Snapshots>(message, [&](wire::Snapshots& offered) {
    if (offered.snapshots.empty()) return;
    SnapshotInfo& newest = offered.snapshots.back();
    if (rng_.below(2) == 0) newest.height += rng_.below(100);
    if (rng_.below(2) == 0) newest.root.data[0] ^= 1;
  });
  change<wire::Chunk>(message, [&](wire::Chunk& chunk) {
    if (rng_.below(4) == 0) chunk.chunk.clear();
    if (!chunk.chunk.empty()) chunk.chunk[rng_.below(chunk.chunk.size())] ^= 1;
  });
}

void Liar::lie_about(wire::FinalBlocks& final) {
  switch (rng_.below(5)) {
    case 0:
      final.certificate.reset();
      break;
    case 1:
      if (!final.blocks.empty()) final.blocks.pop_back();
      break;
    case 2:
      if (!final.blocks.empty()) final.blocks.back().header.time_ms += 1;
      break;
    case 3:
      final.blocks.clear();
      final.certificate.reset();
      break;
    default:
      if (!final.blocks.empty()) final.blocks.front().header.height += 1;
  }
}

void Liar::lie_about(wire::Epochs& epochs) {
  if (epochs.ends.empty()) return;
  EpochEnd& end = epochs.ends[rng_.below(epochs.ends.size())];
  switch (rng_.below(4)) {
    case 0:
      end.last.app_hash.data[0] ^= 1;
      break;
    case 1:
      if (!end.next.validators.empty()) end.next.validators.front().stake += 1;
      break;
    case 2:
      epochs.ends.pop_back();
      break;
    default:
      if (end.before) end.before->app_hash.data[0] ^= 1;
  }
}

std::vector<Liar::Message> Liar::bend(std::size_t to, std::uint8_t kind, ByteView message) {
  std::vector<Message> out;
  if (options_.replays) {
    if (past_.size() < kPastMax) {
      past_.emplace_back(kind, to_bytes(message));
    } else if (rng_.below(16) == 0) {
      past_[rng_.below(kPastMax)] = {kind, to_bytes(message)};
    }
    if (rng_.below(4) == 0) out.push_back(past_[rng_.below(past_.size())]);
  }
  if (!speaks_to(to, kind)) return out;
  Message said{kind, to_bytes(message)};
  if (options_.lies_in_sync) lie_in_sync(said);
  if (options_.garbles && rng_.below(8) == 0 && !said.second.empty())
    said.second[rng_.below(said.second.size())] ^= static_cast<std::uint8_t>(1 + rng_.below(255));
  out.push_back(std::move(said));
  return out;
}

}  // namespace fog::sim
