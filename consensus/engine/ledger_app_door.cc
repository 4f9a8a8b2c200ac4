// What any thread may ask of the application: take a transaction, read the last final state.
#include "consensus/engine/ledger_app.h"
#include "consensus/rules/messages.h"

namespace fog {

// ---- the door ----

InclusionTerms LedgerApp::terms_now() const {
  // What they follow from changes with a block only, whose id says which state it is; each thread
  // keeps what it has decoded.
  struct Known {
    BlockId block;
    ChainParams params;
    FeeMarket market;
  };
  thread_local std::optional<Known> known;
  const std::uint64_t now = parts_.clock->wall_ms();
  const std::shared_lock lock(state_mutex_);
  if (!known || known->block != info_.block) {
    const auto params = fog::load<ChainParams>(live_, chain_params_key());
    const auto market = fog::load<FeeMarket>(live_, fee_market_key());
    CHECK(params && market);
    known = Known{info_.block, *params, *market};
  }
  const std::uint64_t time_ms = std::max(now, info_.time_ms + 1);
  return {known->params, base_price_at(known->params, known->market, time_ms), time_ms};
}

SubmitReply LedgerApp::check_tx(ByteView bytes) {
  SubmitReply reply;
  const auto refuse = [&](Fault fault, std::string reason = {}) {
    ++times_.refused;
    reply.fault = fault;
    reply.refused = std::move(reason);
    return reply;
  };
  auto decoded = decode_tx(bytes, parts_.chain_id);
  if (!decoded) return refuse(decoded.error());
  reply.id = decoded->id();
  const TxBody& body = decoded->tx().body;
  if (parts_.pool->contains(reply.id)) return reply;
  if (const Fault fault = check_messages(body); fault != Fault::kNone) return refuse(fault);

  const StateKey sender = account_key(body.sender);
  const InclusionTerms terms = terms_now();
  std::optional<Account> account;
  {
    const std::shared_lock lock(state_mutex_);
    account = fog::load<Account>(live_, sender);
  }
  if (PoolVerdict cheap = parts_.pool->check(*decoded, terms, account); !cheap.ok()) {
    return refuse(cheap.fault, std::move(cheap.refused));
  }
  ++times_.signatures;
  auto checked = check_signature(*std::move(decoded));
  if (!checked) return refuse(checked.error());

  // No block is committed between the look at the account and the pool's taking the transaction:
  // the pool would not hear of it.
  const std::shared_lock lock(state_mutex_);
  account = fog::load<Account>(live_, sender);
  PoolVerdict verdict = parts_.pool->add(*std::move(checked), terms, account);
  if (!verdict.ok()) return refuse(verdict.fault, std::move(verdict.refused));
  return reply;
}

// ---- queries ----

void LedgerApp::with_state(
    const std::function<void(const ReadView& state, const AppInfo& info)>& read) const {
  const std::shared_lock lock(state_mutex_);
  read(live_, info_);
}

StateProof LedgerApp::prove(const StateKey& key) const {
  const std::lock_guard tree_lock(tree_mutex_);
  const std::shared_lock state_lock(state_mutex_);
  return make_state_proof(tree_, root_, info_.height, key, live_.get(key));
}

std::size_t LedgerApp::records() const {
  const std::shared_lock lock(state_mutex_);
  return live_.records();
}

std::size_t LedgerApp::memory_bytes() const {
  const std::lock_guard tree_lock(tree_mutex_);
  const std::shared_lock state_lock(state_mutex_);
  return live_.memory_bytes() + tree_.memory_bytes();
}

}  // namespace fog
