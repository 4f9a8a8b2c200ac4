// A network that sends nothing and remembers what it was told, and a clock that stands still.
#pragma once

#include <set>

#include "chain/base/clock.h"
#include "chain/net/network.h"
#include "tests/support/seeded_rng.h"

namespace fog::testing {

class StoppedClock final : public Clock {
 public:
  std::uint64_t wall_ms() override { return ns / 1'000'000; }
  std::uint64_t monotonic_ns() override { return ns; }
  std::uint64_t ns = 1'000'000'000;
};

inline NodeId node_id_of(std::uint64_t number) {
  SeededRng rng(number * 31 + 7);
  return SecretKey::generate(rng).public_key();
}

class RecordingNetwork final : public Network {
 public:
  struct Sent {
    NodeId to;
    std::uint8_t kind = 0;
    Bytes message;
  };
  struct Report {
    NodeId peer;
    Offence offence;
    std::string why;
  };

  const NodeId& id() const override { return self_; }
  bool send(const NodeId& to, std::uint8_t kind, ByteView message) override {
    sent.push_back({to, kind, to_bytes(message)});
    return true;
  }
  void broadcast(std::uint8_t kind, ByteView message) override { send(NodeId{}, kind, message); }
  void report(const NodeId& peer, Offence offence, const std::string& why) override {
    reports.push_back({peer, offence, why});
  }
  std::vector<PeerInfo> peers() const override { return {}; }

  // The messages of this type since the last call, with their receivers; others are forgotten.
  template <class M>
  std::vector<std::pair<NodeId, M>> take() {
    std::vector<std::pair<NodeId, M>> out;
    for (const Sent& one : std::exchange(sent, {})) {
      if (one.kind != static_cast<std::uint8_t>(M::kKind)) continue;
      auto decoded = bcs_decode<M>(one.message);
      CHECK(decoded.has_value());
      out.emplace_back(one.to, *std::move(decoded));
    }
    return out;
  }

  std::vector<Sent> sent;
  std::vector<Report> reports;

 private:
  NodeId self_ = node_id_of(0);
};

}  // namespace fog::testing
