// What the agent gives the front besides what front_frames.h lists: connections that came by a
// tunnel (tunnel_holder.h), to be served as if they had been accepted.
#pragma once

#include "executor/frame.h"

namespace fog::executor {

enum class TunnelFrame : std::uint8_t { kConnection = 70 };

// Comes with the connection, on which a request waits.
struct ConnectionFrame {
  static constexpr TunnelFrame kKind = TunnelFrame::kConnection;
  std::uint8_t version = 1;
  static constexpr auto kFields = std::make_tuple(&ConnectionFrame::version);
  bool operator==(const ConnectionFrame&) const = default;
};

}  // namespace fog::executor
