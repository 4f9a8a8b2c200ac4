// The life of the nodes: they start, crash, meet and hear each other.
#include <algorithm>

#include "tests/sim/world.h"

namespace fog::sim {

void World::touch(std::size_t number, const std::function<ErrorOr<void>()>& what) {
  Member& member = members_[number];
  if (!member.node->is_up()) return;
  auto done = what();
  if (done && member.node->is_up()) done = member.node->poll();
  if (!done) {
    if (!member.node->env().crashed() && honest(number) && !member.damaged)
      findings_.add("node " + std::to_string(number) + " has stopped: " + done.error().context);
    crash(number, done.error().context);
    return;
  }
  schedule_wake(number);
}

void World::schedule_wake(std::size_t number) {
  Member& member = members_[number];
  const auto next = member.node->next_ns();
  if (!next) return;
  const std::uint64_t when = std::max({*next, time_.now_ns + 1'000, member.paused_until_ns});
  if (member.wake_ns != 0 && member.wake_ns <= when && member.wake_ns > time_.now_ns) return;
  member.wake_ns = when;
  at(when, [this, number, when, life = member.life] {
    Member& m = members_[number];
    if (m.life != life || m.wake_ns != when) return;
    m.wake_ns = 0;
    if (m.paused_until_ns > time_.now_ns) return schedule_wake(number);
    trace({1, number});
    touch(number, [] { return ErrorOr<void>(); });
  });
}

void World::boot(std::size_t number) {
  Member& member = members_[number];
  member.boots = false;
  if (member.node->is_up() || member.lost) return;
  trace({2, number});
  const auto booted = member.node->boot();
  if (!booted) {
    say("node " + std::to_string(number) + " does not start: " + booted.error().context);
    if (!member.node->env().crashed()) {
      if (!member.damaged && honest(number))
        findings_.add("node " + std::to_string(number) +
                      " does not start: " + booted.error().context);
      // What the message tells the operator to do.
      member.node->wipe();
      member.damaged = false;
      ++result_.wipes;
    }
    return crash(number, "while it starts");
  }
  ++member.life;
  member.wake_ns = 0;
  say("node " + std::to_string(number) + " is up at height " +
      std::to_string(member.node->height()));
  for (std::size_t other = 0; other < members_.size(); ++other) {
    if (other != number)
      at(time_.now_ns + rng_.below(50 * kMs), [this, number, other] { link_up(number, other); });
  }
  schedule_wake(number);
}

// The first start. While a late one takes over what it lacks, a crash is likelier than later.
void World::join(std::size_t number) {
  if (members_[number].plan.joins_ms > 0 && !healed_ && rng_.below(2) == 0)
    members_[number].node->env().crash_after(rng_.below(12'000));
  boot(number);
}

void World::stop(std::size_t number) {
  Member& member = members_[number];
  if (!member.node->is_up()) return;
  member.node->die();
  ++member.life;
  for (std::size_t other = 0; other < members_.size(); ++other) {
    if (network_->connected(number, other)) link_down(number, other);
  }
}

void World::crash(std::size_t number, const std::string& why) {
  Member& member = members_[number];
  say("node " + std::to_string(number) + " crashes: " + why);
  trace({3, number});
  ++result_.crashes;
  stop(number);
  const bool power = rng_.below(2) == 0;
  const testing::Unsynced unsynced = !power               ? testing::Unsynced::kKept
                                     : rng_.below(2) == 0 ? testing::Unsynced::kLost
                                                          : testing::Unsynced::kScraped;
  member.node->reboot(unsynced, power);
  if (honest(number) && !healed_ && rng_.below(100) < plan_.faults.damage_percent) damage(number);
  if (member.boots) return;
  member.boots = true;
  at(time_.now_ns + 20 * kMs + around(healed_ ? 100 : 1'000), [this, number] { boot(number); });
}

// A write that was meant for another place: a piece of the log stands where another should.
void World::damage(std::size_t number) {
  Member& member = members_[number];
  std::vector<std::string> files;
  for (const auto& [path, bytes] : member.node->env().copy()) {
    if (path.starts_with("blocks/") && bytes.size() > 1'024) files.push_back(path);
  }
  // Alone, nobody else has the blocks.
  if (files.empty() || plan_.validators < 4) return;
  Bytes& bytes = member.node->env().contents(files[rng_.below(files.size())]);
  const std::size_t from = rng_.below(bytes.size() - 512);
  const std::size_t to = rng_.below(bytes.size() - 512);
  std::copy_n(Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                    bytes.begin() + static_cast<std::ptrdiff_t>(from + 512))
                  .begin(),
              512, bytes.begin() + static_cast<std::ptrdiff_t>(to));
  say("node " + std::to_string(number) + ": a misdirected write in its log");
  member.damaged = true;
}

void World::link_up(std::size_t a, std::size_t b) {
  if (!members_[a].node->is_up() || !members_[b].node->is_up() || network_->connected(a, b)) return;
  network_->connect(a, b);
  trace({4, a, b});
  for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)})
    touch(one,
          [&, me = one, peer = other] { return members_[me].node->on_up(network_->id(peer)); });
}

void World::link_down(std::size_t a, std::size_t b) {
  network_->disconnect(a, b);
  trace({5, a, b});
  for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)})
    touch(one,
          [&, me = one, peer = other] { return members_[me].node->on_down(network_->id(peer)); });
}

void World::deliver(std::size_t from, std::size_t to, std::uint64_t at_ns, std::uint8_t kind,
                    std::shared_ptr<const Bytes> message) {
  at(at_ns, [this, from, to, kind, message = std::move(message), life = members_[to].life] {
    if (members_[to].life == life) receive(from, to, kind, message);
  });
}

void World::receive(std::size_t from, std::size_t to, std::uint8_t kind,
                    std::shared_ptr<const Bytes> message) {
  Member& member = members_[to];
  if (member.paused_until_ns > time_.now_ns)
    return deliver(from, to, member.paused_until_ns, kind, std::move(message));
  if (!member.node->is_up() || !network_->connected(from, to)) return;
  trace({6, from, to, kind}, *message);
  touch(to, [&] { return member.node->on_message(network_->id(from), kind, *message); });
}

}  // namespace fog::sim
