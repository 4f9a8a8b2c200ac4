// OpenQuestions: which peers owe which answers. What nobody asked for is not even decoded: an
// answer may be large, and who sends them unasked wants us busy.
//
// An answer that is never given stays owed; one that comes late, or after the peer was away for a
// moment, is still an answer. Bounded. One owner; not thread safe.
#pragma once

#include <map>

#include "consensus/engine/wire.h"

namespace fog {

class OpenQuestions {
 public:
  static constexpr std::size_t kPeersMax = 1'024;
  static constexpr std::uint32_t kOfOneMax = 1'024;  // of one peer and kind

  // The peer was asked something that a message of this kind answers, once.
  void asked(const NodeId& peer, wire::Kind answer);
  // Whether the message may be looked at: it answers a question, which is closed by it, or is of a
  // kind that needs none.
  bool take(const NodeId& peer, wire::Kind kind);

 private:
  std::map<NodeId, std::map<wire::Kind, std::uint32_t>> owed_;
};

}  // namespace fog
