// Liar: what a Byzantine node does to its own messages before they leave: it withholds, garbles,
// repeats what is long past, and answers those who sync with something else.
#pragma once

#include "consensus/engine/wire_snapshot.h"
#include "tests/sim/sim_network.h"

namespace fog::sim {

struct LiarOptions {
  bool withholds = false;  // from some, for a while
  bool garbles = false;
  bool replays = false;
  bool lies_in_sync = false;
  bool twin = false;  // speaks to some only; another node has the same key
};

class Liar {
 public:
  Liar(LiarOptions options, const SimTime& time, std::uint64_t seed)
      : options_(options), time_(time), rng_(seed), salt_(rng_.next()) {}

  using Message = std::pair<std::uint8_t, Bytes>;
  std::vector<Message> bend(std::size_t to, std::uint8_t kind, ByteView message);

 private:
  void lie_in_sync(Message& message);
  void lie_about(wire::FinalBlocks& final);
  void lie_about(wire::Epochs& epochs);
  bool speaks_to(std::size_t to, std::uint8_t kind) const;

  const LiarOptions options_;
  const SimTime& time_;
  testing::SeededRng rng_;
  const std::uint64_t salt_;
  std::vector<Message> past_;
};

}  // namespace fog::sim
