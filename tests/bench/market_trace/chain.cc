#include "tests/bench/market_trace/chain.h"

#include <algorithm>
#include <map>
#include <set>

#include "chain/base/check.h"
#include "chain/crypto/hash.h"
#include "consensus/engine/live_state.h"
#include "market/rules/matching_index.h"
#include "market/rules/rules.h"
#include "market/rules/settlement.h"

namespace fog::bench {
namespace {

using namespace market;

// Bids come to every second block: they clear in the block after their own, Hosts answer in the
// next, and an Offer that has changed takes part in the one after that.
constexpr std::size_t kBidsAtOnce = 4;
constexpr std::uint64_t kBlockMs = 10;
constexpr const char* kModelAttribute = "gpu-model";

Hash32 numbered(std::uint64_t seed, std::uint64_t number) {
  Bytes bytes;
  append_be64(bytes, seed);
  append_be64(bytes, number);
  return sha256(bytes);
}

class Chain {
 public:
  Chain(const std::vector<Machine>& machines, const std::vector<Task>& tasks, std::uint64_t seed)
      : machines_(machines), tasks_(tasks), seed_(seed), live_(system_rng()) {
    context_.time_ms = 1'000'000;
    make_accounts();
    index_.touch_all();
    open();
    for (const Machine& machine : machines) add_host(machine);
    apply_message(publisher_, PublishService{"trace", manifest()});
    close();
  }

  ChainOutcome run() {
    machine_of_.assign(tasks_.size(), -1);
    for (std::size_t next = 0; next < tasks_.size() || !answers_.empty();) {
      open();
      give_answers();
      for (std::size_t n = 0; n < kBidsAtOnce && next < tasks_.size(); ++n) add_bid(next++);
      close();
      open();
      close();
    }
    check_rooms();
    ChainOutcome out;
    out.outcome = outcome_of(machines_, tasks_, nodes_, std::move(machine_of_));
    out.outcome.declined = declined_;
    out.paid = paid_;
    out.cost = cost_;
    out.blocks = context_.height;
    return out;
  }

 private:
  struct Answer {
    std::size_t machine = 0;
    LeaseId lease;
    std::uint32_t term = 1;
    bool accepts = false;
  };

  static Manifest manifest() {
    Manifest m;
    m.runtime = RuntimeKind::kContainer;
    m.port = 80;
    m.artifact = sha256(as_bytes("trace"));
    m.artifact_bytes = 1;
    m.memory_mib = 1;
    m.fuel_per_request = 1;
    return m;
  }
  // Whose key it is does not matter beyond its being one.
  SecretKey key(std::uint64_t number) const {
    return *SecretKey::from_bytes(numbered(seed_, number));
  }

  void make_accounts() {
    Overlay first(live_);
    store(first, market_params_key(), trace_params());
    Supply supply;
    const auto give = [&](const Address& to, Amount amount) {
      Account account;
      account.balance = amount;
      supply.minted += amount;
      store(first, account_key(to), account);
    };
    publisher_ = address_of(key(0).public_key());
    give(publisher_, Amount{1ULL << 60});
    for (std::size_t m = 0; m < machines_.size(); ++m) {
      keys_.push_back(key(1 + m).public_key());
      give(address_of(keys_.back()), Amount{kDropletsPerFog});
    }
    store(first, supply_key(), supply);
    take_over(first.changes());
  }

  void add_host(const Machine& machine) {
    const PublicKey& owner = keys_[nodes_.size()];
    RegisterHost registration;
    registration.operator_key = owner;
    registration.endpoint = "http://127.0.0.1:9000";
    registration.location.country = "DE";
    registration.capacity = {machine.cpu_milli, machine.memory_mib, 0, 0, std::nullopt};
    if (machine.gpus > 0) registration.capacity.gpu = Gpu{"gpu", machine.gpus * kDeviceMilli};
    registration.attributes["runtime.container"] = "1";
    if (!machine.model.empty()) registration.attributes[kModelAttribute] = machine.model;
    registration.runtimes.push_back(sha256(as_bytes("runtime")));
    registration.bond = Amount{1};
    apply_message(address_of(owner), registration);
    const HostId id = make_host_id(last_tx_, 0);
    apply_message(address_of(owner), SetOffer{id, 0, machine.cost, registration.capacity});
    machine_by_host_[id] = nodes_.size();
    hosts_.push_back(id);
    nodes_.emplace_back(machine);
  }
  void add_bid(std::size_t number) {
    const Task& task = tasks_[number];
    CreateBid creation;
    BidTerms& terms = creation.terms;
    terms.service = "trace";
    terms.resources = {task.cpu_milli, task.memory_mib, 0, 0, std::nullopt};
    if (task.num_gpu > 0) {
      terms.resources.gpu = Gpu{"gpu", static_cast<std::uint32_t>(task.gpu_need())};
    }
    if (!task.models.empty()) {
      AttributeRule rule{kModelAttribute, AttributeOp::kIn, {}, false};
      for (const std::string& model : task.models) rule.values.push_back(model);
      terms.constraints.attributes.push_back(rule);
    }
    if (task.value < cap_of_step(0)) return;  // no cap is so low
    while (terms.cap_step + 1 < kCapSteps &&
           cap_of_step(static_cast<std::uint8_t>(terms.cap_step + 1)) <= task.value) {
      ++terms.cap_step;
    }
    terms.spend_per_hour_max = Amount{cap_of_step(terms.cap_step)};
    creation.deposit = full_slice(trace_params(), terms.spend_per_hour_max);
    apply_message(publisher_, creation);
    task_by_bid_[make_bid_id(last_tx_, 0)] = number;
  }

  // What Hosts say to what they were awarded, and then what they have left.
  void give_answers() {
    std::set<std::size_t> changed;
    for (const Answer& answer : std::exchange(answers_, {})) {
      const Address sender = address_of(keys_[answer.machine]);
      if (answer.accepts) {
        apply_message(sender, AckLease{answer.lease, answer.term});
      } else {
        apply_message(sender, ReleaseLease{answer.lease, answer.term, "no device has the room"});
      }
      changed.insert(answer.machine);
    }
    for (const std::size_t machine : changed) {
      const Node& node = nodes_[machine];
      const auto offer = *load<Offer>(*block_, offer_key(hosts_[machine]));
      if (!offer.free.gpu || offer.free.gpu->milli == node.gpu_offered()) continue;
      Resources offered = load<Host>(*block_, host_key(hosts_[machine]))->capacity;
      const auto held = offered.gpu->milli - static_cast<std::uint32_t>(node.gpu_left());
      offered.gpu->milli = held + node.gpu_offered();
      apply_message(address_of(keys_[machine]),
                    SetOffer{hosts_[machine], 0, machines_[machine].cost, offered});
    }
  }

  template <class Message>
  void apply_message(const Address& sender, const Message& message) {
    last_tx_ = numbered(~seed_, ++txs_);
    Overlay overlay(*block_);
    const Fault fault = apply(overlay, context_, {last_tx_, sender, 0}, message);
    CHECK(fault == Fault::kNone);
    block_->merge(std::move(overlay).take_changes());
  }

  void open() {
    ++context_.height;
    context_.time_ms += kBlockMs;
    context_.beacon = numbered(seed_ + 1, context_.height);
    block_.emplace(live_);
  }
  void close() {
    settle_due(*block_, context_);
    clear_market(*block_, context_, index_);
    std::vector<Lease> proposed;
    const StateKey prefix = state_key(Table::kLease);
    for (auto at = block_->changes().lower_bound(prefix);
         at != block_->changes().end() && at->first[0] == prefix[0]; ++at) {
      if (!at->second) continue;
      Lease lease = *bcs_decode<Lease>(*at->second);
      const bool is_new =
          lease.state == LeaseState::kProposed && lease.proposed_ms == context_.time_ms;
      if (is_new) proposed.push_back(std::move(lease));
    }
    take_over(block_->changes());
    for (const Lease& lease : proposed) answer(lease);
  }
  void take_over(const Changes& changes) {
    for (const auto& [state_key, value] : changes) {
      if (value) {
        live_.put(state_key, *value);
      } else {
        live_.erase(state_key);
      }
    }
  }

  // The Host looks for devices.
  void answer(const Lease& lease) {
    const std::size_t machine = machine_by_host_.at(lease.host);
    const std::size_t number = task_by_bid_.at(lease.bid);
    const Task& task = tasks_[number];
    CHECK(lease.scale >= machines_[machine].cost);
    const bool accepts = nodes_[machine].fits(task);
    if (accepts) {
      nodes_[machine].place(task);
      machine_of_[number] = static_cast<int>(machine);
      cost_ += static_cast<std::int64_t>(cost_of(task, machines_[machine]));
      paid_ += static_cast<std::int64_t>(u128{task.hourly} * lease.scale / kScaleOne);
    } else {
      ++declined_;
    }
    answers_.push_back({machine, lease.id, lease.term, accepts});
  }

  // What the chain thinks free is what the machines have free.
  void check_rooms() const {
    for (const auto& [id, machine] : machine_by_host_) {
      const Node& node = nodes_[machine];
      const Resources free = load<Offer>(live_, offer_key(id))->free;
      CHECK(free.cpu_milli == node.cpu_milli && free.memory_mib == node.memory_mib);
      CHECK((free.gpu ? free.gpu->milli : 0) == node.gpu_offered());
    }
  }

  const std::vector<Machine>& machines_;
  const std::vector<Task>& tasks_;
  const std::uint64_t seed_;
  LiveState live_;
  MatchingIndex index_;
  BlockContext context_;
  std::optional<Overlay> block_;
  std::uint64_t txs_ = 0;
  TxId last_tx_;
  Address publisher_;
  std::vector<PublicKey> keys_;
  std::vector<Node> nodes_;
  std::vector<HostId> hosts_;
  std::map<HostId, std::size_t> machine_by_host_;
  std::map<BidId, std::size_t> task_by_bid_;
  std::vector<Answer> answers_;
  std::vector<int> machine_of_;
  std::uint64_t declined_ = 0;
  std::int64_t paid_ = 0;
  std::int64_t cost_ = 0;
};

}  // namespace

ChainOutcome run_chain(const std::vector<Machine>& machines, const std::vector<Task>& tasks,
                       std::uint64_t seed) {
  return Chain(machines, tasks, seed).run();
}

}  // namespace fog::bench
