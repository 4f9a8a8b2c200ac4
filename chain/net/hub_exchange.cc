#include "chain/net/hub.h"

namespace fog {

// Where a peer says that it listens, as heard from itself.
void Hub::learn(const NodeId& id, const Connection& from, const Hello& hello) {
  if (hello.port == 0) return;
  book_.add({id, hello.ip.value_or(from.ip()), hello.port}, from.ip(), wall_s());
}

// Asks those that we dialled: who dials us chooses us, and may want to choose our peers.
void Hub::exchange_due() {
  if (!options_.discover) return;
  for (auto& [id, peer] : peers_) {
    if (!peer.handle || peer.inbound || now_ms() < peer.ask_next_ms) continue;
    const std::uint64_t wait = options_.limits.exchange_ms;
    peer.ask_next_ms = now_ms() + wait / 2 + draw() % (wait / 2 + 1);
    peer.asked = true;
    peer.bulk->send_control(kGetPeersKind, {});
  }
}

// Seldom, so that nobody reads out the book.
void Hub::tell_peers(const NodeId& id, Peer& peer) {
  if (!peer.bulk) return;
  const std::uint64_t now = now_ms();
  if (peer.told_ms && now < *peer.told_ms + options_.limits.exchange_ms / 4)
    return charge(id, options_.limits.scores.points_over_rate, "asks for peers too often");
  peer.told_ms = now;
  Peers answer;
  for (const BookAddress& address : book_.sample(*options_.rng, kPeersPerAnswer, wall_s())) {
    if (address.id != id) answer.peers.push_back(address);
  }
  peer.bulk->send_control(kPeersKind, bcs_encode(answer));
}

void Hub::hear_peers(const NodeId& id, Peer& peer, ByteView body) {
  if (!std::exchange(peer.asked, false))
    return charge(id, scores_.points_of(Offence::kUseless), "peers that nobody asked for");
  const auto answer = bcs_decode<Peers>(body);
  if (!answer)
    return charge(id, scores_.points_of(Offence::kBroken), "a list of peers that cannot be read");
  for (const BookAddress& address : answer->peers)
    book_.add(address, peer.consensus->ip(), wall_s());
}

// The disk has a thread of its own: a slow one does not delay a vote.
void Hub::save_due() {
  if (saving_.valid() && saving_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    end_saving();
  if (now_ms() < save_next_ms_) return;
  save_next_ms_ = now_ms() + options_.limits.book_save_ms;
  save_book();
}

void Hub::save_book() {
  if (options_.address_book_path.empty() || saving_.valid()) return;
  saving_ = std::async(std::launch::async, [env = options_.env, path = options_.address_book_path,
                                            bytes = book_.encode()] {
    return write_file_atomic(*env, path, bytes, FileMode::kPrivate);
  });
}

// Waits for the write, if there is one.
void Hub::end_saving() {
  if (!saving_.valid()) return;
  if (const auto saved = saving_.get(); !saved)
    log(NetworkLog::kWarning, "address book not saved: " + saved.error().context);
}

}  // namespace fog
