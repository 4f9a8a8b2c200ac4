// StateSyncServer: what those ask who join late: the ends of epochs, which snapshots there are,
// their chunks. On the relay's thread, so that no vote waits for a disk.
#pragma once

#include "consensus/engine/application.h"
#include "consensus/engine/wire_snapshot.h"

namespace fog {

class StateSyncServer {
 public:
  StateSyncServer(const Application& app, const EpochStore& epochs, Network& net)
      : app_(app), epochs_(epochs), net_(net) {}

  static bool handles(std::uint8_t kind);
  void on_message(const NodeId& from, std::uint8_t kind, ByteView message);

 private:
  template <class M>
  void receive(const NodeId& from, ByteView message);
  void on(const NodeId& from, const wire::GetEpochs& message);
  void on(const NodeId& from, const wire::GetSnapshots& message);
  void on(const NodeId& from, const wire::GetChunk& message);

  const Application& app_;
  const EpochStore& epochs_;
  Network& net_;
};

}  // namespace fog
