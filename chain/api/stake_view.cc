#include "chain/api/stake_view.h"

#include <algorithm>

namespace fog {
namespace {

template <class T>
ErrorOr<T> need(NodeApi& node, const StateKey& key, const char* what) {
  TRY(auto record, read_record<T>(node, key));
  if (!record) return fail(ErrorCode::kProtocol, std::string("the state has no ") + what);
  return *std::move(record);
}

// The fields of a key of an ordered table, after its table byte. A node that sends another key than
// it was asked for is refused.
class KeyFields {
 public:
  explicit KeyFields(const StateKey& key) : rest_(ByteView(key).subspan(1)) {}
  template <std::size_t N>
  FixedBytes<N> fixed() {
    return fixed_from<N>(take(N)).value_or(FixedBytes<N>{});
  }
  std::uint64_t number() {
    const ByteView bytes = take(8);
    return bytes.empty() ? 0 : read_be64(bytes);
  }
  bool complete() const { return !short_ && rest_.empty(); }

 private:
  ByteView take(std::size_t count) {
    if (rest_.size() < count) {
      short_ = true;
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  ByteView rest_;
  bool short_ = false;
};

Fail<Error> odd_key() {
  return fail(ErrorCode::kProtocol, "the node sent a key that does not belong to its table");
}

bool has(const ValidatorSet& set, const XOnlyKey& key) {
  return place_of(set, key).has_value();
}

ErrorOr<ValidatorView> view_of(NodeApi& node, ValidatorRecord&& record, const EpochView& epoch) {
  ValidatorView view;
  TRY(const auto own, read_record<Delegation>(node, delegation_key(record.owner, record.key)));
  if (own && own->shares <= record.shares)
    view.owner_stake = worth(own->shares, record.stake, record.shares);
  view.in_set = has(epoch.set, record.key);
  view.in_next_set = has(epoch.next_set, record.key);
  view.record = std::move(record);
  return view;
}

ErrorOr<void> read_delegations(NodeApi& node, StakeView& view) {
  const StateKey prefix = state_key(Table::kDelegation, {view.delegator});
  TRY(const auto records, scan_prefix(node, prefix, kStakeListMax));
  for (const StateRecord& record : records) {
    KeyFields key(record.key);
    key.fixed<20>();
    const XOnlyKey validator = key.fixed<32>();
    const auto delegation = bcs_decode<Delegation>(record.value);
    if (!key.complete() || !delegation) return odd_key();
    TRY(const auto pool, read_record<ValidatorRecord>(node, validator_key(validator)));
    if (!pool || pool->shares < delegation->shares) continue;  // changed between the two reads
    view.delegations.push_back({validator, worth(delegation->shares, pool->stake, pool->shares),
                                earned(delegation->shares, delegation->index, pool->reward_index)});
  }
  return {};
}

// Epoch -> the time at which stake that voted for the last time in it is free.
ErrorOr<std::map<std::uint64_t, std::uint64_t>> release_times(NodeApi& node) {
  constexpr std::uint8_t kRelease = 1;
  std::map<std::uint64_t, std::uint64_t> times;
  TRY(const auto due, scan_prefix(node, state_key(Table::kStakingDue), kStakeListMax));
  for (const StateRecord& record : due) {
    KeyFields key(record.key);
    const std::uint64_t time_ms = key.number();
    const std::uint8_t kind = key.fixed<1>().data[0];
    const std::uint64_t epoch = key.number();
    if (!key.complete()) return odd_key();
    if (kind == kRelease) times[epoch] = time_ms;
  }
  return times;
}

ErrorOr<void> read_unbonding(NodeApi& node, StakeView& view) {
  const StateKey prefix = state_key(Table::kUnbondingByOwner, {view.delegator});
  TRY(const auto records, scan_prefix(node, prefix, kStakeListMax));
  if (records.empty()) return {};
  TRY(const auto times, release_times(node));
  for (const StateRecord& record : records) {
    KeyFields key(record.key);
    key.fixed<20>();
    const XOnlyKey validator = key.fixed<32>();
    const std::uint64_t epoch = key.number();
    if (!key.complete()) return odd_key();
    TRY(const auto pool, read_record<UnbondingPool>(node, unbonding_pool_key(validator, epoch)));
    TRY(const auto entry,
        read_record<Unbonding>(node, unbonding_key(epoch, validator, view.delegator)));
    if (!pool || !entry || entry->shares > pool->shares) continue;
    const auto time = times.find(epoch);
    view.unbonding.push_back({validator, epoch, worth(entry->shares, pool->stake, pool->shares),
                              time == times.end() ? std::nullopt : std::optional(time->second)});
  }
  return {};
}

ErrorOr<void> read_redelegations(NodeApi& node, StakeView& view) {
  const StateKey prefix = state_key(Table::kRedelegationByOwner, {view.delegator});
  TRY(const auto records, scan_prefix(node, prefix, kStakeListMax));
  for (const StateRecord& record : records) {
    KeyFields key(record.key);
    key.fixed<20>();
    RedelegationView one;
    one.to = key.fixed<32>();
    one.last_epoch = key.number();
    one.from = key.fixed<32>();
    if (!key.complete()) return odd_key();
    TRY(const auto lien, read_record<Redelegation>(node, redelegation_key(one.last_epoch, one.from,
                                                                          view.delegator, one.to)));
    if (!lien) continue;
    one.amount = lien->amount;
    view.redelegations.push_back(one);
  }
  return {};
}

}  // namespace

ErrorOr<EpochView> read_epoch(NodeApi& node) {
  EpochView view;
  TRY(view.epoch, need<EpochRecord>(node, epoch_key(), "epoch"));
  TRY(view.set, need<ValidatorSet>(node, validators_key(), "validator set"));
  TRY(view.next_set, need<ValidatorSet>(node, next_validators_key(), "next validator set"));
  TRY(view.tally, need<EpochTally>(node, epoch_tally_key(), "tally"));
  return view;
}

ErrorOr<ValidatorView> read_validator(NodeApi& node, const XOnlyKey& key) {
  TRY(auto record, read_record<ValidatorRecord>(node, validator_key(key)));
  if (!record)
    return fail(ErrorCode::kNotFound, "there is no validator with the key " + to_hex0x(key));
  TRY(const EpochView epoch, read_epoch(node));
  return view_of(node, *std::move(record), epoch);
}

ErrorOr<std::vector<ValidatorView>> read_validators(NodeApi& node) {
  TRY(const EpochView epoch, read_epoch(node));
  TRY(const auto index, scan_prefix(node, state_key(Table::kAllValidators), kStakeListMax));
  std::vector<ValidatorView> views;
  for (const StateRecord& entry : index) {
    KeyFields key(entry.key);
    const XOnlyKey validator = key.fixed<32>();
    if (!key.complete()) return odd_key();
    TRY(auto record, read_record<ValidatorRecord>(node, validator_key(validator)));
    if (!record) continue;
    TRY(auto view, view_of(node, *std::move(record), epoch));
    views.push_back(std::move(view));
  }
  std::sort(views.begin(), views.end(), [](const ValidatorView& a, const ValidatorView& b) {
    return a.record.stake != b.record.stake ? a.record.stake > b.record.stake
                                            : a.record.key < b.record.key;
  });
  return views;
}

ErrorOr<StakeView> read_stake(NodeApi& node, const Address& delegator) {
  StakeView view;
  view.delegator = delegator;
  TRY_VOID(read_delegations(node, view));
  TRY_VOID(read_unbonding(node, view));
  TRY_VOID(read_redelegations(node, view));
  return view;
}

ErrorOr<std::vector<Proposal>> read_proposals(NodeApi& node) {
  TRY(const auto records, scan_prefix(node, state_key(Table::kProposal), kStakeListMax));
  std::vector<Proposal> proposals;
  for (const StateRecord& record : records) {
    auto proposal = bcs_decode<Proposal>(record.value);
    if (!proposal) return odd_key();
    proposals.push_back(*std::move(proposal));
  }
  std::reverse(proposals.begin(), proposals.end());
  return proposals;
}

}  // namespace fog
