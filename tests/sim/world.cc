#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>

#include "chain/base/crc32c.h"
#include "tests/sim/known_keys.h"

namespace fog::sim {
namespace {

constexpr std::size_t kAccounts = 8;
constexpr std::uint64_t kEventsMax = 20'000'000;
// How long after healing everybody may need: views have backed off, banned peers come back.
constexpr std::uint64_t kRecoveryMs = 240'000;

}  // namespace

World::World(RunOptions options)
    : options_(options),
      plan_(make_plan(options.seed, options.validators)),
      rng_(options.seed),
      findings_(time_) {
  make_genesis();
  make_members();
}

World::~World() {
  events_.clear();
}

void World::make_genesis() {
  genesis_.chain_name = "fog-sim";
  genesis_.time_ms = kStartMs - 1'000;
  genesis_.params.epoch_length = plan_.epoch_length;
  market::PriceClass standard;
  standard.name = "standard";
  standard.prices = {1'000'000, 200'000, 50'000, 40'000'000, 30'000, 20'000'000, 5'000'000};
  genesis_.market.classes.push_back(standard);
  for (std::size_t i = 0; i < plan_.validators; ++i)
    genesis_.validators.push_back(
        known_validator(i).entry(Amount{plan_.nodes[i].stake_fog * kDropletsPerFog}));
  for (std::size_t i = 0; i < kAccounts; ++i)
    genesis_.accounts.push_back({known_account(i).address, Amount{1'000 * kDropletsPerFog}});
  std::sort(genesis_.accounts.begin(), genesis_.accounts.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  const auto checked = check_genesis(genesis_);
  CHECK(checked.has_value());
  chain_id_ = chain_id_of(genesis_);
}

void World::make_members() {
  std::vector<NodeId> ids;
  std::set<XOnlyKey> honest_keys;
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i)
    ids.push_back(known_account(100 + i).public_key);
  network_ = std::make_unique<SimNetwork>(time_, rng_, ids);
  network_->set_quality(plan_.bad);
  network_->set_deliver([this](std::size_t from, std::size_t to, std::uint64_t at_ns,
                               std::uint8_t kind, std::shared_ptr<const Bytes> message) {
    deliver(from, to, at_ns, kind, std::move(message));
  });
  network_->set_tap([this](std::size_t from, std::uint8_t kind, ByteView message) {
    on_sent(from, kind, message);
  });
  network_->set_report([this](std::size_t by, std::size_t about, Offence offence,
                              const std::string& why) { on_report(by, about, offence, why); });
  SimNodeEvents events;
  events.on_final = [this](std::size_t number, const FinalBlock&, const StoredBlock& stored) {
    on_final(number, stored);
  };
  events.on_evidence = [this](std::size_t number, const Evidence& proof) {
    if (!honest(number)) return;
    if (const ValidatorSet* set = state_->set_of(proof.first.vote.epoch))
      votes_->on_evidence(number, *set, proof);
  };
  events.log = [this](std::size_t number, std::string_view line) {
    say("node " + std::to_string(number) + ": " + std::string(line));
  };
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
    Member member;
    member.plan = plan_.nodes[i];
    SimNodeOptions options;
    options.number = i;
    options.genesis = &genesis_;
    options.net = &network_->of(i);
    options.time = &time_;
    options.seed = rng_.next();
    options.delay_ms = plan_.delay_ms;
    options.segment_bytes = plan_.segment_bytes;
    if (member.plan.validator) {
      const KnownValidator& validator = known_validator(*member.plan.validator);
      options.key = validator.key;
      options.beacon_chain = validator.beacon_chain;
      if (!member.plan.lies) honest_keys.insert(validator.key.secret.x_only_key());
    }
    member.node = std::make_unique<SimNode>(std::move(options), events);
    member.node->clock().set_drift_ppm(member.plan.drift_ppm);
    member.node->prepare();
    if (member.plan.lies) {
      member.liar = std::make_unique<Liar>(member.plan.liar, time_, rng_.next());
      network_->set_bend(i, [liar = member.liar.get()](std::size_t, std::size_t to,
                                                       std::uint8_t kind, ByteView message) {
        return liar->bend(to, kind, message);
      });
    }
    members_.push_back(std::move(member));
  }
  chain_ = std::make_unique<ChainChecker>(findings_, chain_id_);
  state_ = std::make_unique<StateChecker>(findings_, genesis_);
  votes_ = std::make_unique<VoteChecker>(findings_, chain_id_, honest_keys);
  certificates_ = std::make_unique<CertificateChecker>(findings_, chain_id_);
  liveness_ = std::make_unique<LivenessChecker>(findings_, time_);
}

// ---- time ----

void World::at(std::uint64_t ns, Action action) {
  events_.emplace(std::pair(std::max(ns, time_.now_ns), ++sequence_), std::move(action));
}

bool World::step() {
  if (events_.empty()) return false;
  auto first = events_.extract(events_.begin());
  time_.now_ns = first.key().first;
  first.mapped()();
  return true;
}

void World::run_until_ms(std::uint64_t ms) {
  while (findings_.empty() && !events_.empty() && events_.begin()->first.first <= ms * kMs) {
    step();
    if (sequence_ > kEventsMax) findings_.add("far too much happens: somebody runs in circles");
  }
  time_.now_ns = std::max(time_.now_ns, ms * kMs);
}

std::uint64_t World::around(std::uint64_t mean_ms) {
  return rng_.below(2 * mean_ms * kMs) + 1;
}

// ---- nodes ----

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

// ---- incidents ----

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
  const testing::TestKey& from = known_account(rng_.below(kAccounts));
  const testing::TestKey& to = known_account(rng_.below(kAccounts + 2));
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

// ---- watching ----

void World::on_sent(std::size_t from, std::uint8_t kind, ByteView message) {
  if (!honest(from)) return;
  const auto set_of = [&](std::uint64_t epoch) { return state_->set_of(epoch); };
  const auto see = [&](const SignedVote& vote) {
    if (options_.verbose) say_vote(from, vote);
    if (const ValidatorSet* set = set_of(vote.vote.epoch)) votes_->on_vote(*set, vote);
  };
  switch (static_cast<wire::Kind>(kind)) {
    case wire::Kind::kVote:
      if (const auto said = bcs_decode<wire::VoteMessage>(message)) see(said->vote);
      return;
    case wire::Kind::kCertificate:
      if (const auto said = bcs_decode<wire::CertificateMessage>(message)) {
        if (const ValidatorSet* set = set_of(said->certificate.vote.epoch))
          certificates_->on_certificate(*set, said->certificate);
      }
      return;
    case wire::Kind::kProposal:
      if (const auto said = bcs_decode<wire::Proposal>(message)) {
        see(said->notarize);
        liveness_->on_proposal(said->notarize.vote.view, said->notarize.vote.block);
      }
      return;
    case wire::Kind::kGetCertificates:
    case wire::Kind::kGetBlock:
    case wire::Kind::kBlock:
    case wire::Kind::kGetBlockTxs:
    case wire::Kind::kBlockTxs:
    case wire::Kind::kStatus:
    case wire::Kind::kGetFinal:
    case wire::Kind::kFinal:
    case wire::Kind::kAnnounce:
    case wire::Kind::kGetTxs:
    case wire::Kind::kTxs:
      return;
  }
}

void World::on_final(std::size_t number, const StoredBlock& stored) {
  trace({8, number, stored.final.height}, stored.final.block);
  if (!honest(number)) return;
  if (chain_->on_final(number, stored)) {
    state_->execute(stored);
    if (stored.final.height % 10 == 0)
      say("height " + std::to_string(stored.final.height) + " is final");
  }
  state_->on_final(number, stored);
  liveness_->on_final(number, stored.final.block);
  if (const auto& certificate = stored.final.certificate) {
    if (const ValidatorSet* set = state_->set_of(certificate->vote.epoch))
      certificates_->on_certificate(*set, *certificate);
    if (certificate->vote.kind != VoteKind::kFinalize ||
        certificate->vote.block != stored.final.block)
      findings_.add("node " + std::to_string(number) + " holds a block final by another's votes");
  }
}

void World::on_report(std::size_t by, std::size_t about, Offence offence, const std::string& why) {
  if (offence != Offence::kBroken) return;
  say("node " + std::to_string(by) + " bans " + std::to_string(about) + ": " + why);
  if (honest(by) && honest(about))
    findings_.add("node " + std::to_string(by) + " bans honest node " + std::to_string(about) +
                  ": " + why);
  at(time_.now_ns, [this, by, about] {
    if (network_->connected(by, about)) link_down(by, about);
  });
  at(time_.now_ns + 1'000 * kMs + around(3'000), [this, by, about] { link_up(by, about); });
}

void World::trace(std::initializer_list<std::uint64_t> words, ByteView bytes) {
  const auto mix = [&](std::uint64_t word) {
    std::uint64_t z = result_.trace ^ word;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    result_.trace = (z ^ (z >> 31)) + 0x9E3779B97F4A7C15U;
  };
  mix(time_.now_ns);
  for (const std::uint64_t word : words) mix(word);
  mix(crc32c(bytes));
}

void World::say(const std::string& what) const {
  if (options_.verbose)
    std::fprintf(stderr, "%9.3f s  %s\n", static_cast<double>(time_.now_ns) / 1e9, what.c_str());
}

void World::say_vote(std::size_t from, const SignedVote& vote) const {
  static constexpr const char* kKinds[] = {"notarize", "nullify", "finalize"};
  const bool own = members_[from].node->is_up() &&
                   members_[from].node->core().config().own_index == vote.signature.index;
  say("node " + std::to_string(from) + (own ? ": " : " passes on: ") +
      kKinds[static_cast<std::size_t>(vote.vote.kind)] + " in view " +
      VoteChecker::view_text(vote.vote) + " of " + to_hex0x(vote.vote.block).substr(0, 10) +
      (own ? "" : " by validator " + std::to_string(vote.signature.index)));
}

void World::say_plan() const {
  say("D " + std::to_string(plan_.delay_ms) + " ms, epochs of " +
      std::to_string(plan_.epoch_length) + ", a transaction every " +
      std::to_string(plan_.load_ms) + " ms");
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
    const PlannedNode& node = plan_.nodes[i];
    std::string line = "node " + std::to_string(i);
    if (node.validator)
      line += ": validator " + std::to_string(*node.validator) + ", stake " +
              std::to_string(node.stake_fog);
    if (node.lies) line += ", lies";
    if (node.liar.twin) line += ", a twin";
    if (node.liar.withholds) line += ", withholds";
    if (node.liar.garbles) line += ", garbles";
    if (node.liar.replays) line += ", replays";
    if (node.liar.lies_in_sync) line += ", lies in sync";
    say(line);
  }
}

// ---- the run ----

RunResult World::run() {
  say_plan();
  for (std::size_t i = 0; i < members_.size(); ++i) boot(i);
  // The load goes on in both phases.
  const std::function<void()> again = [&, this] {
    at(time_.now_ns + around(plan_.load_ms), [&] {
      submit();
      again();
    });
  };
  again();
  const PlannedFaults& faults = plan_.faults;
  every(faults.partition_ms, [this] { partition(); });
  every(faults.clog_ms, [this] { clog(); });
  every(faults.pause_ms, [this] { pause(); });
  every(faults.crash_ms, [this] { crash_someone(); });
  every(faults.clock_ms, [this] { set_clock(); });
  run_until_ms(plan_.safety_ms);

  if (findings_.empty()) heal();
  const std::uint64_t goal = chain_->height() + 3;
  const std::uint64_t deadline_ms = time_.now_ns / kMs + kRecoveryMs;
  while (findings_.empty() && !all_level(goal) && time_.now_ns / kMs < deadline_ms)
    run_until_ms(time_.now_ns / kMs + 50);
  if (findings_.empty() && !all_level(goal)) {
    std::string where;
    for (std::size_t i = 0; i < members_.size(); ++i)
      where += (i == 0 ? " " : ", ") + std::to_string(members_[i].node->height());
    findings_.add("not everybody has got to height " + std::to_string(goal) +
                  " after healing:" + where);
  }

  std::set<std::size_t> watched;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (honest(i) && !members_[i].lost) watched.insert(i);
  }
  liveness_->start(plan_.delay_ms, watched);
  run_until_ms(time_.now_ns / kMs + plan_.liveness_ms);
  if (findings_.empty()) liveness_->finish();

  result_.findings = findings_.lines();
  result_.height = chain_->height();
  result_.epochs = chain_->height() / plan_.epoch_length;
  result_.views = certificates_->views();
  result_.txs = state_->txs();
  result_.messages = network_->sent();
  result_.proofs = votes_->proofs();
  result_.timely_blocks = liveness_->blocks();
  result_.sim_ms = time_.now_ns / kMs;
  return result_;
}

}  // namespace fog::sim
