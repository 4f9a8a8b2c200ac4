// What befalls the world, what its users send, and its healing.
#include "tests/sim/known_keys.h"
#include "tests/sim/world.h"

namespace fog::sim {

void World::every(std::uint64_t mean_ms, Action action) {
  if (mean_ms == 0) return;
  at(time_.now_ns + around(mean_ms), [this, mean_ms, action = std::move(action)] {
    if (healed_) return;
    action();
    every(mean_ms, action);
  });
}

void World::partition() {
  std::vector<bool> side;
  for (std::size_t i = 0; i < members_.size(); ++i) side.push_back(rng_.below(2) == 0);
  const bool one_way = rng_.below(3) == 0;
  const std::uint64_t until = time_.now_ns + around(2'500);
  say(std::string("a partition") + (one_way ? ", one way" : ""));
  for (std::size_t a = 0; a < members_.size(); ++a) {
    for (std::size_t b = 0; b < members_.size(); ++b) {
      if (side[a] == side[b] || (one_way && side[a])) continue;
      network_->cut(a, b);
      at(until, [this, a, b] { network_->mend(a, b); });
      // Some connections notice, and come back later.
      if (rng_.below(3) == 0 && network_->connected(a, b)) {
        const std::uint64_t down = time_.now_ns + around(500);
        at(down, [this, a, b] {
          if (!healed_) link_down(a, b);
        });
        at(std::max(down, until) + around(100), [this, a, b] { link_up(a, b); });
      }
    }
  }
}

void World::clog() {
  const std::size_t from = rng_.below(members_.size());
  const std::size_t to = rng_.below(members_.size());
  network_->clog(from, to, time_.now_ns + around(2'000));
}

void World::pause() {
  const std::size_t number = rng_.below(members_.size());
  members_[number].paused_until_ns = time_.now_ns + around(800);
  say("node " + std::to_string(number) + " stands still");
}

void World::crash_someone() {
  const std::size_t number = rng_.below(members_.size());
  Member& member = members_[number];
  if (!member.node->is_up()) return;
  if (rng_.below(3) == 0) return crash(number, "killed");
  // Within one of its next writes.
  member.node->env().crash_after(rng_.below(4'000));
}

void World::set_clock() {
  const std::size_t number = rng_.below(members_.size());
  const auto max = static_cast<std::int64_t>(plan_.faults.clock_jump_max_ms);
  const auto jump =
      static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(2 * max))) - max;
  members_[number].node->clock().set_wall_offset_ms(jump);
  touch(number, [] { return ErrorOr<void>(); });
}

void World::submit() {
  const std::size_t number = rng_.below(members_.size());
  const testing::TestKey& from = known_account(rng_.below(kWorldAccounts));
  const testing::TestKey& to = known_account(rng_.below(kWorldAccounts + 2));
  const auto lane = static_cast<std::uint8_t>(rng_.below(2));
  const std::uint64_t droplets = 1 + rng_.below(1'000'000);
  Member& member = members_[number];
  if (!member.node->is_up() || member.paused_until_ns > time_.now_ns) return;
  TxBody body;
  body.chain_id = chain_id_;
  body.sender = from.address;
  body.lane = lane;
  body.expiry_ms = member.node->clock().wall_ms() + 2'000 + rng_.below(60'000);
  body.price_max = 1'000;
  body.tip = rng_.below(5);
  body.messages.push_back(testing::make_transfer(to.address, droplets));
  member.node->app().with_state([&](const ReadView& state, const AppInfo&) {
    if (const auto account = load<Account>(state, account_key(from.address)))
      body.sequence = account->next_sequence(lane) + rng_.below(3);
  });
  const Bytes tx = bcs_encode(testing::sign_tx(body, from));
  trace({7, number}, tx);
  touch(number, [&] {
    if (member.node->submit(tx).fault == Fault::kBadSignature)
      findings_.add("a signature does not hold: is there a check that quick_crypto.h lacks?");
    return ErrorOr<void>();
  });
}

void World::heal() {
  say("all is well again");
  healed_ = true;
  network_->mend_all();
  network_->set_quality(plan_.good);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    member.paused_until_ns = 0;
    member.node->clock().set_wall_offset_ms(0);
    member.node->env().crash_after(~std::uint64_t{0});
    if (!member.node->is_up() && !member.boots) boot(i);
    for (std::size_t other = 0; other < i; ++other)
      at(time_.now_ns + around(50), [this, i, other] { link_up(i, other); });
    touch(i, [] { return ErrorOr<void>(); });
  }
}

bool World::all_level(std::uint64_t height) const {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    if (honest(i) && !member.lost && (!member.node->is_up() || member.node->height() < height))
      return false;
  }
  return true;
}

}  // namespace fog::sim
