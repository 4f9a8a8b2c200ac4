#include "consensus/engine/relay.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::uint64_t kAnswerNs = 2'000'000'000;
// Transactions that are asked for at once: of one peer, and of all together. Beyond the latter each
// peer still has a share, so that what some announce and do not have takes no room from the others.
constexpr std::size_t kAskedOfOneMax = 16'384;
constexpr std::size_t kAskedMax = 200'000;
constexpr std::size_t kAskedShare = 1'024;
// Between two looks at what was not answered.
constexpr std::uint64_t kLookNs = 100'000'000;
constexpr std::uint64_t kAgainNs = 1'000'000'000;
constexpr std::uint64_t kAgainNsMax = 60 * kAgainNs;
constexpr std::size_t kOwnMax = 100'000;
constexpr std::size_t kOthersMax = 4;
constexpr std::size_t kSeenMin = 200'000;
// Each message costs its receivers a wake-up and a share-out among their threads, however little is
// in it. So the more has just gone out, the longer the next ones gather; a lone one does not wait.
constexpr std::uint64_t kGatherNs = 1'000'000;  // for each that went out
constexpr std::uint64_t kGatherNsMax = 25'000'000;
constexpr std::size_t kServeBytes = 4 * 1024 * 1024;
constexpr std::size_t kServeMargin = 64 * 1024;  // for the certificate of an answer

bool contains(const std::vector<NodeId>& ids, const NodeId& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// What a block takes in an answer, at most.
std::size_t served_bytes(const Block& block) {
  std::size_t bytes = 1'024;  // the header
  if (block.certificate) bytes += 256 + 80 * block.certificate->signatures.size();
  for (const auto& tx : block.txs) bytes += tx.size() + 3;
  return bytes;
}

}  // namespace

Relay::Relay(RelayParts parts) : parts_(std::move(parts)), seen_(kSeenMin) {}

bool Relay::handles(std::uint8_t kind) {
  switch (static_cast<wire::Kind>(kind)) {
    case wire::Kind::kAnnounce:
    case wire::Kind::kGetTxs:
    case wire::Kind::kTxs:
    case wire::Kind::kGetFinal:
    case wire::Kind::kGetEpochs:
    case wire::Kind::kGetSnapshots:
    case wire::Kind::kGetChunk:
      return true;
    case wire::Kind::kProposal:
    case wire::Kind::kVote:
    case wire::Kind::kCertificate:
    case wire::Kind::kGetCertificates:
    case wire::Kind::kGetBlock:
    case wire::Kind::kBlock:
    case wire::Kind::kGetBlockTxs:
    case wire::Kind::kBlockTxs:
    case wire::Kind::kStatus:
    case wire::Kind::kFinal:
    case wire::Kind::kEpochs:
    case wire::Kind::kSnapshots:
    case wire::Kind::kChunk:
      return false;
  }
  return false;
}

void Relay::on_arrival(const PooledTx& tx) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(tx);
    if (arrived_.size() > 1) return;  // whoever was first has woken
  }
  parts_.wake();
}

void Relay::on_up(const NodeId& peer) {
  peers_.insert(peer);
  wire::Announce message;
  for (const auto& [due, own] : own_) {
    if (message.ids.size() == wire::kTxIdsMax) break;
    if (parts_.pool->contains(own.id)) message.ids.push_back(own.id);
  }
  if (!message.ids.empty()) wire::send(*parts_.net, peer, message);
}

void Relay::on_down(const NodeId& peer) {
  peers_.erase(peer);
  if (!asked_of_.contains(peer)) return;
  // What it owes, others may have.
  for (auto& [id, asked] : asked_) {
    if (asked.of == peer) asked.deadline_ns = 0;
  }
  next_ask_ns_ = parts_.clock->monotonic_ns();
}

// ---- sending ----

void Relay::flush() {
  ask_again();
  announce_again();
  const std::uint64_t now = parts_.clock->monotonic_ns();
  std::vector<PooledTx> arrived;
  {
    const std::lock_guard lock(mutex_);
    gathering_ = !arrived_.empty() && now < gather_until_ns_;
    if (!gathering_) arrived.swap(arrived_);
  }
  if (arrived.empty()) return;
  gather_until_ns_ = now + std::min(arrived.size() * kGatherNs, kGatherNsMax);
  const std::uint64_t again_ns = now + kAgainNs;
  for (const PooledTx& tx : arrived) {
    if (own_.size() >= kOwnMax) break;
    own_.emplace(again_ns, Own{tx->id(), kAgainNs});
  }
  if (peers_.empty()) return;
  const std::vector<NodeId> leaders = parts_.next_leaders();
  std::vector<TxId> ids;
  ids.reserve(arrived.size());
  wire::Txs whole;
  std::size_t bytes = 0;
  const auto send = [&] {
    if (whole.txs.empty()) return;
    for (const NodeId& leader : leaders) wire::send(*parts_.net, leader, whole);
    whole.txs.clear();
    bytes = 0;
  };
  for (const PooledTx& tx : arrived) {
    seen_.add(tx->id());
    ids.push_back(tx->id());
    if (leaders.empty()) continue;
    if (whole.txs.size() == wire::kTxIdsMax || bytes + tx->encoded().size() > wire::kTxsBytesMax)
      send();
    bytes += tx->encoded().size();
    whole.txs.emplace_back(tx->encoded());
  }
  send();
  announce(ids, leaders);
}

void Relay::announce(const std::vector<TxId>& ids, const std::vector<NodeId>& except) {
  for (std::size_t from = 0; from < ids.size(); from += wire::kTxIdsMax) {
    wire::Announce message;
    const std::size_t to = std::min(ids.size(), from + wire::kTxIdsMax);
    message.ids.assign(ids.begin() + static_cast<std::ptrdiff_t>(from),
                       ids.begin() + static_cast<std::ptrdiff_t>(to));
    const Bytes encoded = bcs_encode(message);
    for (const NodeId& peer : peers_) {
      if (!contains(except, peer))
        parts_.net->send(peer, static_cast<std::uint8_t>(wire::Kind::kAnnounce), encoded);
    }
  }
}

void Relay::announce_again() {
  const std::uint64_t now = parts_.clock->monotonic_ns();
  std::vector<TxId> ids;
  while (!own_.empty() && own_.begin()->first <= now && ids.size() < wire::kTxIdsMax) {
    Own own = own_.begin()->second;
    own_.erase(own_.begin());
    if (!parts_.pool->contains(own.id)) continue;  // final, or given up
    ids.push_back(own.id);
    own.pause_ns = std::min(2 * own.pause_ns, kAgainNsMax);
    own_.emplace(now + own.pause_ns, own);
  }
  if (!ids.empty()) announce(ids, {});
}

// ---- receiving ----

template <class M>
void Relay::receive(const NodeId& from, ByteView message) {
  auto decoded = bcs_decode<M>(message);
  if (decoded) {
    on(from, *std::move(decoded));
  } else {
    parts_.net->report(from, Offence::kBroken, "a message that is not canonical");
  }
}

void Relay::on_message(const NodeId& from, std::uint8_t kind, ByteView message) {
  CHECK(handles(kind));
  if (StateSyncServer::handles(kind)) {
    if (parts_.state_sync != nullptr) parts_.state_sync->on_message(from, kind, message);
    return;
  }
  const auto wire_kind = static_cast<wire::Kind>(kind);
  if (wire_kind == wire::Kind::kAnnounce) return receive<wire::Announce>(from, message);
  if (wire_kind == wire::Kind::kGetTxs) return receive<wire::GetTxs>(from, message);
  if (wire_kind == wire::Kind::kTxs) return receive<wire::Txs>(from, message);
  receive<wire::GetFinal>(from, message);
}

void Relay::on(const NodeId& from, wire::Announce&& message) {
  wire::GetTxs ask;
  const std::uint64_t deadline = parts_.clock->monotonic_ns() + kAnswerNs;
  for (const TxId& id : message.ids) {
    if (seen_.contains(id) || parts_.pool->contains(id)) continue;
    if (const auto asked = asked_.find(id); asked != asked_.end()) {
      auto& others = asked->second.others;
      if (others.size() < kOthersMax && !contains(others, from)) others.push_back(from);
      continue;
    }
    if (!ask_one(from, id, deadline)) break;
    ask.ids.push_back(id);
  }
  if (!ask.ids.empty()) wire::send(*parts_.net, from, ask);
}

// Notes the question; false when the peer owes too many answers already.
bool Relay::ask_one(const NodeId& peer, const TxId& id, std::uint64_t deadline_ns) {
  std::size_t& owed = asked_of_[peer];
  if (owed >= (asked_.size() < kAskedMax ? kAskedOfOneMax : kAskedShare)) return false;
  ++owed;
  Asked& asked = asked_[id];
  asked.of = peer;
  asked.deadline_ns = deadline_ns;
  if (!next_ask_ns_) next_ask_ns_ = deadline_ns;
  return true;
}

// Answered, or given up.
void Relay::close_question(const TxId& id) {
  const auto asked = asked_.find(id);
  if (asked == asked_.end()) return;
  const auto of = asked_of_.find(asked->second.of);
  CHECK(of != asked_of_.end() && of->second > 0);
  if (--of->second == 0) asked_of_.erase(of);
  asked_.erase(asked);
  if (asked_.empty()) next_ask_ns_.reset();
}

// Whoever was asked and did not answer: the next that announced it.
void Relay::ask_again() {
  const std::uint64_t now = parts_.clock->monotonic_ns();
  if (!next_ask_ns_ || now < *next_ask_ns_) return;
  std::vector<std::pair<TxId, std::vector<NodeId>>> due;
  for (const auto& [id, asked] : asked_) {
    if (asked.deadline_ns <= now) due.emplace_back(id, asked.others);
  }
  std::map<NodeId, wire::GetTxs> asks;
  for (auto& [id, others] : due) {
    close_question(id);
    while (!others.empty()) {
      const NodeId next = others.back();
      others.pop_back();
      if (!peers_.contains(next) || !ask_one(next, id, now + kAnswerNs)) continue;
      asked_[id].others = std::move(others);
      wire::GetTxs& ask = asks[next];
      ask.ids.push_back(id);
      if (ask.ids.size() == wire::kTxIdsMax) {
        wire::send(*parts_.net, next, ask);
        ask.ids.clear();
      }
      break;
    }
  }
  for (const auto& [peer, ask] : asks) {
    if (!ask.ids.empty()) wire::send(*parts_.net, peer, ask);
  }
  next_ask_ns_.reset();
  for (const auto& [id, asked] : asked_)
    next_ask_ns_ = std::min(next_ask_ns_.value_or(asked.deadline_ns), asked.deadline_ns);
  if (next_ask_ns_) next_ask_ns_ = std::max(*next_ask_ns_, now + kLookNs);
}

void Relay::on(const NodeId& from, wire::GetTxs&& message) {
  // One message: what does not fit is asked for again, of somebody else.
  wire::Txs answer;
  std::size_t bytes = 0;
  IdSet answered;
  for (const TxId& id : message.ids) {
    const PooledTx tx = parts_.pool->find(id);
    if (tx == nullptr || !answered.insert(id).second) continue;
    if (bytes + tx->encoded().size() > wire::kTxsBytesMax) break;
    bytes += tx->encoded().size();
    answer.txs.emplace_back(tx->encoded());
  }
  if (!answer.txs.empty()) wire::send(*parts_.net, from, answer);
}

void Relay::on(const NodeId& from, wire::Txs&& message) {
  const std::vector<Bytes> txs(std::make_move_iterator(message.txs.begin()),
                               std::make_move_iterator(message.txs.end()));
  std::vector<TxId> good;
  IdSet taken;
  for (const SubmitReply& reply : parts_.submit(txs)) {
    if (is_form_fault(reply.fault)) {
      parts_.net->report(
          from, Offence::kBroken,
          "a transaction that no honest node passes on: " + std::string(fault_name(reply.fault)));
      break;
    }
    close_question(reply.id);
    if (reply.fault != Fault::kNone || !reply.refused.empty()) {
      seen_.add(reply.id);
    } else if (seen_.add(reply.id)) {
      good.push_back(reply.id);
      taken.insert(reply.id);
    }
  }
  {
    // They came from a peer, who has told who leads.
    const std::lock_guard lock(mutex_);
    std::erase_if(arrived_, [&](const PooledTx& tx) { return taken.contains(tx->id()); });
  }
  announce(good, {from});
}

// ---- final blocks ----

void Relay::on(const NodeId& from, wire::GetFinal&& message) {
  wire::FinalBlocks answer;
  answer.from = message.from;
  std::size_t bytes = 0;
  std::size_t certified = 0;
  const std::size_t max = std::min<std::size_t>(message.max, wire::kFinalBlocksMax);
  std::optional<std::uint64_t> epoch;
  // Blocks that one certificate has made final go together, however few were asked for: without it
  // they prove nothing.
  for (std::uint64_t height = message.from;
       max > 0 && answer.blocks.size() < (certified > 0 ? max : wire::kFinalBlocksMax); ++height) {
    auto stored = parts_.log->block_at(height);
    if (!stored) break;
    Block& block = stored->proposal.block;
    if (epoch && *epoch != block.header.epoch) break;
    epoch = block.header.epoch;
    bytes += served_bytes(block);
    // Without the certificate there is only the message's own bound.
    const std::size_t bytes_max = certified > 0 ? kServeBytes : wire::kFinalBytesMax - kServeMargin;
    if (bytes > bytes_max && !answer.blocks.empty()) break;
    answer.blocks.push_back(std::move(block));
    if (stored->final.certificate) {
      answer.certificate = std::move(stored->final.certificate);
      certified = answer.blocks.size();
    }
  }
  answer.blocks.resize(certified);
  wire::send(*parts_.net, from, answer);
}

std::optional<std::uint64_t> Relay::next_ns() const {
  std::optional<std::uint64_t> next = next_ask_ns_;
  const auto at = [&](std::uint64_t ns) { next = std::min(next.value_or(ns), ns); };
  if (!own_.empty()) at(own_.begin()->first);
  if (gathering_) at(gather_until_ns_);
  return next;
}

}  // namespace fog
