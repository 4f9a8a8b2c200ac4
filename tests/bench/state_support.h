// One node's state as `bench state` uses it: a database made of new accounts, and the steps by
// which a block of touched accounts becomes final, timed each.
#pragma once

#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "chain/crypto/hash.h"
#include "chain/state/sparse_merkle.h"
#include "chain/store/block_log.h"
#include "chain/store/state_store.h"
#include "consensus/engine/live_state.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {

inline Address account_address(std::uint64_t number) {
  Bytes bytes;
  append_be64(bytes, number);
  const Hash32 hash = sha256(bytes);
  return *fixed_from<20>(ByteView(hash).first(20));
}

inline ChainId bench_chain() {
  return sha256(as_bytes("bench state"));
}

// ---- the databases ----

// Accounts in the order of their paths, so that LevelDB has little to sort.
inline std::vector<std::uint64_t> numbers_by_path(std::uint64_t accounts) {
  std::vector<std::pair<Hash32, std::uint64_t>> order;
  order.reserve(accounts);
  for (std::uint64_t i = 0; i < accounts; ++i)
    order.emplace_back(state_path(account_key(account_address(i))), i);
  std::sort(order.begin(), order.end());
  std::vector<std::uint64_t> numbers;
  numbers.reserve(accounts);
  for (const auto& [path, number] : order) numbers.push_back(number);
  return numbers;
}

inline StateMeta meta_at(std::uint64_t height) {
  StateMeta meta;
  meta.chain_id = bench_chain();
  meta.height = height;
  return meta;
}

// The accounts come as blocks of new accounts, as they would on a chain.
inline void make_database(const std::string& folder, std::uint64_t accounts) {
  constexpr std::uint64_t kStep = 50'000;
  progress(fmt::format("making a state of {} accounts", accounts));
  std::filesystem::create_directories(folder);
  const auto db = must(open_leveldb(folder + "/state"));
  StateStoreOptions options;
  options.undo_blocks = 1;
  const auto store = must(StateStore::open(*db, options));
  must(store->write_first({meta_at(0), {}}));
  const std::vector<std::uint64_t> numbers = numbers_by_path(accounts);
  std::uint64_t height = 0;
  for (std::uint64_t from = 0; from < accounts; from += kStep) {
    StateDelta delta{meta_at(++height), {}};
    for (std::uint64_t i = from; i < std::min(accounts, from + kStep); ++i) {
      Account account;
      account.balance = Amount{1'000'000'000 + numbers[i]};
      account.set_next_sequence(0, 1 + i % 200);
      delta.changes.push_back(
          {account_key(account_address(numbers[i])), std::nullopt, bcs_encode(account)});
    }
    must(store->push(std::move(delta)));
    store->release(height);
  }
  must(store->drain());
}

// ---- the state of a running node ----

// Nanoseconds by step.
struct Times {
  std::uint64_t read = 0;
  std::uint64_t tree = 0;
  std::uint64_t log = 0;
  std::uint64_t push = 0;
  std::uint64_t live = 0;
  std::uint64_t counted() const { return read + tree + push + live; }
};

class NodeState {
 public:
  NodeState(const std::string& folder, std::uint64_t accounts)
      : accounts_(accounts),
        db_(must(open_leveldb(folder + "/state"))),
        store_(must(StateStore::open(*db_))),
        log_(must(BlockLog::open(system_env(), folder + "/blocks", bench_chain()))),
        live_(system_rng()),
        random_(accounts) {
    const double start = seconds_now();
    SparseMerkleTree::Builder builder(tree_);
    must(store_->load([&](const Hash32& path, StateKey&& key, Bytes&& value) {
      builder.add(path, sha256(value));
      live_.put(key, value);
    }));
    root_ = builder.finish();
    load_seconds_ = seconds_now() - start;
    height_ = store_->meta()->height;
    CHECK(live_.records() == accounts && tree_.leaves_in_use() == accounts);
    block_.header.height = log_->height();
    // What ten transfers take in the log.
    block_.txs.assign(10, BoundedBytes<kTxBytesMax>(Bytes(250, 0x5A)));
  }

  double load_seconds() const { return load_seconds_; }
  double state_mib() const {
    return static_cast<double>(live_.memory_bytes() + tree_.memory_bytes()) / (1 << 20);
  }

  // Makes one block final.
  void run_block(std::uint64_t keys, Times& times) {
    std::vector<StateKey> touched;
    for (std::uint64_t i = 0; i < keys; ++i)
      touched.push_back(account_key(account_address(random_() % accounts_)));

    const std::uint64_t begin = now();
    Overlay overlay(live_);
    for (const StateKey& key : touched) {
      auto account = load<Account>(overlay, key);
      CHECK(account.has_value());
      account->balance += Amount{1};
      account->set_next_sequence(0, account->next_sequence(0) + 1);
      store(overlay, key, *account);
    }
    Changes changes = std::move(overlay).take_changes();
    const std::uint64_t read = now();

    TreeVersion version = tree_.apply(root_, leaf_changes(changes));
    StateDelta delta{meta_at(++height_), {}};
    delta.meta.root = tree_.root_hash(version.root);
    const std::uint64_t hashed = now();

    append_to_log(delta.meta.root);
    const std::uint64_t logged = now();

    delta.changes.reserve(changes.size());
    for (auto& [key, value] : changes) {
      RecordChange& change = delta.changes.emplace_back();
      change.before = value ? live_.put(key, *value) : live_.erase(key);
      change.key = key;
      change.after = std::move(value);
    }
    root_ = version.root;
    tree_.commit(std::move(version));
    const std::uint64_t applied = now();

    must(store_->push(std::move(delta)));
    store_->release(height_);
    const std::uint64_t pushed = now();

    times.read += read - begin;
    times.tree += hashed - read;
    times.log += logged - hashed;
    times.live += applied - logged;
    times.push += pushed - applied;
  }
  void drain() { must(store_->drain()); }

 private:
  static std::uint64_t now() { return system_clock().monotonic_ns(); }

  void append_to_log(const Hash32& root) {
    ++block_.header.height;
    block_.header.time_ms = system_clock().wall_ms();
    block_.header.app_hash = root;
    FinalEntry final;
    final.height = block_.header.height;
    final.view = final.height;
    final.block = block_id(block_.header);
    final.app_hash = root;
    final.outcomes.resize(block_.txs.size());
    must(log_->append_proposal(final.view, final.view - 1, block_));
    must(log_->append_final(final));
    must(log_->sync());
  }

  const std::uint64_t accounts_;
  std::unique_ptr<KvStore> db_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<BlockLog> log_;
  LiveState live_;
  SparseMerkleTree tree_;
  TreeRoot root_ = TreeRoot::kEmpty;
  std::mt19937_64 random_;
  Block block_;
  std::uint64_t height_ = 0;
  double load_seconds_ = 0;
};

}  // namespace fog::bench
