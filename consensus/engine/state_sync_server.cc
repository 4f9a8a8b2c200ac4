#include "consensus/engine/state_sync_server.h"

namespace fog {

bool StateSyncServer::handles(std::uint8_t kind) {
  const auto wire_kind = static_cast<wire::Kind>(kind);
  return wire_kind == wire::Kind::kGetEpochs || wire_kind == wire::Kind::kGetSnapshots ||
         wire_kind == wire::Kind::kGetChunk;
}

template <class M>
void StateSyncServer::receive(const NodeId& from, ByteView message) {
  const auto decoded = bcs_decode<M>(message);
  if (decoded) {
    on(from, *decoded);
  } else {
    net_.report(from, Offence::kBroken, "a message that is not canonical");
  }
}

void StateSyncServer::on_message(const NodeId& from, std::uint8_t kind, ByteView message) {
  CHECK(handles(kind));
  const auto wire_kind = static_cast<wire::Kind>(kind);
  if (wire_kind == wire::Kind::kGetEpochs) return receive<wire::GetEpochs>(from, message);
  if (wire_kind == wire::Kind::kGetSnapshots) return receive<wire::GetSnapshots>(from, message);
  receive<wire::GetChunk>(from, message);
}

void StateSyncServer::on(const NodeId& from, const wire::GetEpochs& message) {
  wire::Epochs answer;
  answer.from = message.from;
  for (std::uint64_t epoch = message.from; answer.ends.size() < wire::kEpochEndsMax; ++epoch) {
    auto end = epochs_.get(epoch);
    if (!end) break;
    answer.ends.push_back(*std::move(end));
  }
  wire::send(net_, from, answer);
}

void StateSyncServer::on(const NodeId& from, const wire::GetSnapshots& message) {
  wire::Snapshots answer;
  if (message.format == kSnapshotFormat) {
    for (SnapshotInfo& info : app_.list_snapshots()) {
      if (answer.snapshots.size() < wire::kSnapshotsMax)
        answer.snapshots.push_back(std::move(info));
    }
  }
  wire::send(net_, from, answer);
}

void StateSyncServer::on(const NodeId& from, const wire::GetChunk& message) {
  wire::Chunk answer;
  answer.height = message.height;
  answer.index = message.index;
  if (auto chunk = app_.load_snapshot_chunk(message.height, message.index))
    answer.chunk = *std::move(chunk);
  wire::send(net_, from, answer);
}

}  // namespace fog
