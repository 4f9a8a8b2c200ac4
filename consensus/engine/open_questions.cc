#include "consensus/engine/open_questions.h"

#include <algorithm>

namespace fog {
namespace {

bool is_answer(wire::Kind kind) {
  return kind == wire::GetBlock::kAnswer || kind == wire::GetBlockTxs::kAnswer ||
         kind == wire::GetFinal::kAnswer;
}

}  // namespace

void OpenQuestions::asked(const NodeId& peer, wire::Kind answer) {
  // Whoever is forgotten may be blamed a little for one honest answer.
  if (owed_.size() >= kPeersMax && !owed_.contains(peer)) owed_.erase(owed_.begin());
  std::uint32_t& owed = owed_[peer][answer];
  owed = std::min(owed + 1, kOfOneMax);
}

bool OpenQuestions::take(const NodeId& peer, wire::Kind kind) {
  if (!is_answer(kind)) return true;
  const auto found = owed_.find(peer);
  if (found == owed_.end()) return false;
  const auto owed = found->second.find(kind);
  if (owed == found->second.end()) return false;
  if (--owed->second == 0) found->second.erase(owed);
  if (found->second.empty()) owed_.erase(found);
  return true;
}

}  // namespace fog
