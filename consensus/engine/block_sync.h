// BlockSync: which peer to ask for final blocks, and when. A node that is behind asks the peer that
// has most, a batch at a time; while one batch is executed the next is on its way. A node that
// keeps up through the consensus itself never asks, so there is no mode to be stuck in.
#pragma once

#include <map>
#include <optional>

#include "consensus/engine/wire.h"

namespace fog {

// One owner; not thread safe.
class BlockSync {
 public:
  struct Request {
    NodeId peer;
    wire::GetFinal ask;
  };

  // `blocks_max`: asked for at once. `patience_ns`: how long an answer may take, at first, before
  // somebody else is asked. It may be megabytes on a slow line, so each wait in vain makes the next
  // one twice as long, up to 16 times.
  BlockSync(std::uint32_t blocks_max, std::uint64_t patience_ns)
      : blocks_max_(blocks_max), patience_min_ns_(patience_ns), patience_ns_(patience_ns) {}

  void on_status(const NodeId& peer, const wire::Status& status);
  void on_down(const NodeId& peer);
  // Whether the answer is the one that was asked for; then the next may be.
  bool on_answer(const NodeId& peer, const wire::FinalBlocks& answer);
  // Whether an answer brought blocks. A peer whose answers bring none, or that does not answer in
  // time, is asked last from then on, and less and less often, until one does.
  void on_result(const NodeId& peer, bool has_helped, std::uint64_t now_ns);
  // What to ask now, with `height` final here.
  //
  // `stale`: nothing has become final here for a while although a peer has more; a single missing
  // block is then reason enough.
  std::optional<Request> next(std::uint64_t height, bool stale, std::uint64_t now_ns);
  // When next() may answer differently without an event.
  std::optional<std::uint64_t> deadline_ns() const;
  // The peer that let a request run out although it had long, once.
  std::optional<NodeId> take_slow() { return std::exchange(slow_, std::nullopt); }
  // When the first of the peers that claim to have more than `height` may be asked; nothing when
  // there is none.
  std::optional<std::uint64_t> next_chance_ns(std::uint64_t height) const;
  // When peers have more than `height` but none has the next block: the first that one of them has.
  // Whoever says that it has the next one and did not give it, several times, is not believed.
  std::optional<std::uint64_t> first_after_gap(std::uint64_t height) const;
  // What it said last; nothing when it has said nothing yet.
  std::optional<wire::Status> status_of(const NodeId& peer) const;

 private:
  struct Peer {
    wire::Status status;
    std::uint64_t failures = 0;
    std::uint64_t not_before_ns = 0;
  };
  struct Pending {
    Request request;
    std::uint64_t deadline_ns = 0;
  };

  const std::uint32_t blocks_max_;
  const std::uint64_t patience_min_ns_;
  std::uint64_t patience_ns_;
  std::map<NodeId, Peer> peers_;
  std::optional<Pending> pending_;
  std::optional<NodeId> slow_;
};

}  // namespace fog
