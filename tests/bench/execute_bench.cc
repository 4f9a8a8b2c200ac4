// execute: what executing a block of transfers costs a transfer, its signature already checked.
//
// The state is a genesis in the node's live state; the block's transfers come from as many senders
// and go to random accounts. Nothing is committed, so every round executes the same block on the
// same state, by the road that a proposer takes (BlockExecution) and then a validator's
// (execute_block, which also takes the transaction root). What follows in the node, the tree's
// version, is shown beside it.
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "chain/state/sparse_merkle.h"
#include "consensus/engine/live_state.h"
#include "consensus/rules/execute.h"
#include "consensus/rules/genesis.h"
#include "consensus/staking/beacon_chain.h"
#include "consensus/staking/validators.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t transfers = 10'000;
  std::uint64_t accounts = 200'000;
  unsigned rounds = 7;
};

constexpr std::uint64_t kTimeMs = 1'000'000;

Address plain_address(std::uint64_t number) {
  Bytes bytes;
  append_be64(bytes, number);
  return *fixed_from<20>(ByteView(sha256(bytes)).first(20));
}

class Chain {
 public:
  explicit Chain(const Options& options)
      : options_(options),
        beacon_(beacon_seed(sha256(as_bytes("bench execute")), 0)),
        live_(system_rng()) {
    make_genesis();
    Overlay first(live_);
    apply_genesis(genesis_, first);
    std::vector<LeafChange> leaves = leaf_changes(first.changes());
    root_ = tree_.apply(TreeRoot::kEmpty, leaves).root;
    for (const auto& [key, value] : first.changes()) live_.put(key, *value);
    sign_transfers();
  }

  const Block& block() const { return block_; }
  const std::vector<const CheckedTx*>& txs() const { return pointers_; }
  const ReadView& state() const { return live_; }
  std::size_t make_version(const Changes& changes) {
    TreeVersion version = tree_.apply(root_, leaf_changes(changes));
    const std::size_t made = version.created.size();
    tree_.discard(std::move(version));
    return made;
  }

 private:
  void make_genesis() {
    progress("making accounts and keys");
    genesis_.chain_name = std::string("bench");
    genesis_.time_ms = kTimeMs;
    genesis_.market.classes.push_back({std::string("standard"), {1, 1, 1, 1, 1, 1, 1}});
    for (std::uint64_t i = 0; i < options_.transfers; ++i) {
      keys_.push_back(SecretKey::generate(system_rng()));
      addresses_.push_back(address_of(keys_.back().public_key()));
    }
    for (std::uint64_t i = options_.transfers; i < options_.accounts; ++i)
      addresses_.push_back(plain_address(i));
    for (const Address& address : addresses_)
      genesis_.accounts.push_back({address, Amount{1'000 * kDropletsPerFog}});
    std::sort(genesis_.accounts.begin(), genesis_.accounts.end(),
              [](const auto& a, const auto& b) { return a.address < b.address; });
    validator_ = keys_.front().x_only_key();
    genesis_.validators.push_back(
        {validator_, addresses_.front(), Amount{1'000 * kDropletsPerFog}, beacon_.commitment()});
    chain_ = chain_id_of(genesis_);
  }

  void sign_transfers() {
    progress("signing and checking the transfers");
    std::mt19937_64 random(7);
    checked_.reserve(options_.transfers);
    for (std::uint64_t i = 0; i < options_.transfers; ++i) {
      SignedTx tx;
      tx.body.chain_id = chain_;
      tx.body.sender = addresses_[i];
      tx.body.expiry_ms = kTimeMs + 60'000;
      tx.body.price_max = 20;
      tx.body.tip = 1;
      Transfer transfer;
      transfer.outputs.push_back({addresses_[random() % addresses_.size()], Amount{1'000}});
      tx.body.messages.push_back(make_message(transfer));
      tx.auth = SingleAuth{keys_[i].public_key(), keys_[i].sign_ecdsa(tx_id(tx.body))};
      block_.txs.emplace_back(bcs_encode(tx));
      auto checked = check_form(block_.txs.back(), chain_);
      CHECK(checked.has_value());
      checked_.push_back(*std::move(checked));
    }
    for (const CheckedTx& tx : checked_) pointers_.push_back(&tx);
    BlockHeader& header = block_.header;
    header.chain_id = chain_;
    header.height = 1;
    header.time_ms = kTimeMs + 100;
    header.parent = chain_;
    header.tx_root = tx_root(block_);
    header.validators_hash = validators_hash(load_validators(live_));
    header.proposer = validator_;
    header.beacon = next_reveal(*find_validator(live_, validator_), beacon_, nullptr);
  }

  const Options options_;
  const BeaconChain beacon_;
  Genesis genesis_;
  ChainId chain_;
  XOnlyKey validator_;
  std::vector<SecretKey> keys_;
  std::vector<Address> addresses_;
  LiveState live_;
  SparseMerkleTree tree_;
  TreeRoot root_ = TreeRoot::kEmpty;
  std::vector<CheckedTx> checked_;
  std::vector<const CheckedTx*> pointers_;
  Block block_;
};

// Microseconds a transfer, a round each.
struct Samples {
  std::vector<double> apply, finish, whole, validate, tree;
};

void run_round(Chain& chain, Samples& samples) {
  const auto transfers = static_cast<double>(chain.txs().size());
  const auto since = [&](double start) { return (seconds_now() - start) * 1e6 / transfers; };

  const double start = seconds_now();
  auto execution = BlockExecution::begin(chain.state(), kTimeMs, chain.block().header);
  CHECK(execution.has_value());
  for (const CheckedTx* tx : chain.txs()) {
    const auto outcome = execution->apply(*tx);
    CHECK(outcome.has_value() && outcome->fault == 0);
  }
  samples.apply.push_back(since(start));
  const double applied = seconds_now();
  const BlockResult result = (*std::move(execution)).finish();
  samples.finish.push_back(since(applied));
  samples.whole.push_back(since(start));

  const double begin_tree = seconds_now();
  CHECK(chain.make_version(result.changes) > 0);
  samples.tree.push_back(since(begin_tree));

  const double begin_validate = seconds_now();
  const auto validated = execute_block(chain.state(), kTimeMs, chain.block(), chain.txs());
  samples.validate.push_back(since(begin_validate));
  CHECK(validated.has_value() && validated->changes == result.changes);
  progress(
      fmt::format("  {:.2f} us a transfer (apply {:.2f}, finish {:.2f}); as a validator "
                  "{:.2f}; tree {:.2f}",
                  samples.whole.back(), samples.apply.back(), samples.finish.back(),
                  samples.validate.back(), samples.tree.back()));
}

int run(const Options& options) {
  Chain chain(options);
  Samples samples;
  for (unsigned i = 0; i < options.rounds; ++i) run_round(chain, samples);
  print_figures(
      "execute",
      fmt::format("\"us_per_transfer\": {:.2f}, \"apply_us\": {:.2f}, \"finish_us\": {:.2f}, "
                  "\"validate_us\": {:.2f}, "
                  "\"tree_us\": {:.2f}, \"transfers\": {}, \"accounts\": {}, \"rounds\": {}",
                  median(samples.whole), median(samples.apply), median(samples.finish),
                  median(samples.validate), median(samples.tree), options.transfers,
                  options.accounts, options.rounds));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("Executing a block of transfers whose signatures have been checked");
  app.add_option("--transfers", options.transfers, "in the block")
      ->capture_default_str()
      ->check(CLI::Range(1, 40'000));
  app.add_option("--accounts", options.accounts, "in the state, at least the transfers")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rounds", options.rounds, "rounds")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
