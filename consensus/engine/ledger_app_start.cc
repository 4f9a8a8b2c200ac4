// How the state begins: read from the database, or made from the genesis.
#include <future>

#include "chain/crypto/hash.h"
#include "consensus/engine/ledger_app.h"

namespace fog {

ErrorOr<void> LedgerApp::load() {
  const auto meta = parts_.store->meta();
  if (!meta) return fail(ErrorCode::kNotFound, "the state database is empty");
  if (meta->chain_id != parts_.chain_id)
    return fail(ErrorCode::kCorrupt, "the state database belongs to another chain");
  TRY_VOID(load_records());
  if (tree_.root_hash(root_) != meta->root) {
    return fail(ErrorCode::kCorrupt, "the state database is damaged: its records have the root " +
                                         to_hex0x(tree_.root_hash(root_)) + " instead of " +
                                         to_hex0x(meta->root));
  }
  info_ = AppInfo{meta->height, meta->time_ms, meta->block, meta->root};
  return {};
}

// One thread reads records and puts them into the live state while another hashes those before them
// into the tree; each is about half of the work.
ErrorOr<void> LedgerApp::load_records() {
  struct Row {
    Hash32 path;
    Bytes value;
  };
  using Rows = std::vector<Row>;
  constexpr std::size_t kRowsAtOnce = 4'096;
  SparseMerkleTree::Builder builder(tree_);
  const auto hash = [&](Rows rows) {
    for (const Row& row : rows) builder.add(row.path, sha256(row.value));
    return rows;
  };
  Rows rows;
  std::future<Rows> hashing;
  TRY_VOID(parts_.store->load([&](const Hash32& path, StateKey&& key, Bytes&& value) {
    live_.put(key, value);
    rows.push_back({path, std::move(value)});
    if (rows.size() < kRowsAtOnce) return;
    // What one thread has allocated it also frees.
    Rows done = hashing.valid() ? hashing.get() : Rows();
    hashing = std::async(std::launch::async, hash, std::exchange(rows, {}));
    rows = std::move(done);
    rows.clear();
  }));
  if (hashing.valid()) hashing.get();
  hash(std::move(rows));
  root_ = builder.finish();
  return {};
}

ErrorOr<Hash32> LedgerApp::init_chain(const Genesis& genesis) {
  CHECK(live_.records() == 0);
  Overlay first(live_);
  apply_genesis(genesis, first);
  StateDelta delta;
  TreeVersion tree = tree_.apply(root_, leaf_changes(first.changes()));
  root_ = tree.root;
  tree_.commit(std::move(tree));
  info_ = AppInfo{0, genesis.time_ms, parts_.chain_id, tree_.root_hash(root_)};
  for (const auto& [key, value] : first.changes()) {
    if (!value) continue;
    live_.put(key, *value);
    delta.changes.push_back({key, std::nullopt, value});
  }
  delta.meta = StateMeta{1, parts_.chain_id, 0, info_.time_ms, info_.block, info_.app_hash};
  TRY_VOID(parts_.store->write_first(delta));
  return info_.app_hash;
}

}  // namespace fog
