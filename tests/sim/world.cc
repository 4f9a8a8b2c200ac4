#include "tests/sim/world.h"

#include <algorithm>

#include "tests/sim/known_keys.h"

namespace fog::sim {
namespace {

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
  for (std::size_t i = 0; i < kWorldAccounts; ++i)
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
  events.on_final = [this](std::size_t number, const StoredBlock& stored) {
    on_final(number, stored);
  };
  events.on_evidence = [this](std::size_t number, const Evidence& proof) {
    if (!honest(number)) return;
    if (const ValidatorSet* set = state_->set_of(proof.first.vote.epoch))
      votes_->on_evidence(number, *set, proof);
  };
  events.on_installed = [this](std::size_t number, std::uint64_t height) {
    trace({9, number, height});
    ++result_.joins;
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
    options.snapshot_epochs = plan_.snapshot_epochs;
    options.keep_blocks = plan_.keep_blocks;
    options.take_snapshot = member.plan.takes_snapshot;
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

// ---- the run ----

RunResult World::run() {
  say_plan();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].boots = true;
    at(members_[i].plan.joins_ms * kMs, [this, i] { join(i); });
  }
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
  // Whoever has just taken over a snapshot may be above what was final then, and still far behind.
  const auto goal = [&, healed_at = chain_->height()] {
    return std::max(healed_at + 3, chain_->height() - std::min<std::uint64_t>(chain_->height(), 2));
  };
  const std::uint64_t deadline_ms = time_.now_ns / kMs + kRecoveryMs;
  while (findings_.empty() && !all_level(goal()) && time_.now_ns / kMs < deadline_ms)
    run_until_ms(time_.now_ns / kMs + 50);
  if (findings_.empty() && !all_level(goal())) {
    std::string where;
    for (std::size_t i = 0; i < members_.size(); ++i)
      where += (i == 0 ? " " : ", ") + std::to_string(members_[i].node->height());
    findings_.add("not everybody has got to height " + std::to_string(goal()) +
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
