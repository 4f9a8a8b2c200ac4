// Checking the transactions of a block: on all cores, and ahead of the block's execution when the
// engine knows it early enough, so that one block is checked while another is executed.
#include "consensus/engine/ledger_app_parts.h"

namespace fog {
namespace {

// Twice what one answer of a peer can bring.
constexpr std::size_t kAheadMax = 2'048;

}  // namespace

// Null when it is not valid. One that is in the mempool, byte for byte, has been checked.
PooledTx LedgerApp::check_block_tx(const Bytes& tx) {
  auto decoded = decode_tx(tx, parts_.chain_id);
  if (!decoded) return nullptr;
  if (PooledTx known = parts_.pool->find(decoded->id()); known != nullptr && known->encoded() == tx)
    return known;
  ++times_.signatures;
  auto checked = check_signature(*std::move(decoded));
  return checked ? std::make_shared<const CheckedTx>(*std::move(checked)) : nullptr;
}

void LedgerApp::check_ahead(const BlockId& id, std::shared_ptr<const Block> block) {
  const std::pair key(block->header.height, id);
  if (ahead_.size() >= kAheadMax || ahead_.contains(key) || versions_.contains(id)) return;
  auto check = std::make_unique<Ahead>();
  check->block = std::move(block);
  check->txs.resize(check->block->txs.size());
  check->batch = parts_.workers->start(check->txs.size(), [this, at = check.get()](std::size_t i) {
    at->txs[i] = check_block_tx(at->block->txs[i]);
  });
  ahead_.emplace(key, std::move(check));
}

Result<std::vector<PooledTx>, Fault> LedgerApp::check_block_txs(const BlockId& id,
                                                                const Block& block) {
  std::vector<PooledTx> out;
  if (const auto ahead = ahead_.extract({block.header.height, id})) {
    parts_.workers->finish(ahead.mapped()->batch);
    out = std::move(ahead.mapped()->txs);
  } else {
    out.resize(block.txs.size());
    parts_.workers->run(out.size(), [&](std::size_t i) { out[i] = check_block_tx(block.txs[i]); });
  }
  for (const PooledTx& tx : out) {
    if (tx == nullptr) return Fail{Fault::kBlockBadTransaction};
  }
  return out;
}

// Of blocks up to the height, which nobody has executed.
void LedgerApp::forget_ahead(std::uint64_t height) {
  while (!ahead_.empty() && ahead_.begin()->first.first <= height) {
    parts_.workers->finish(ahead_.begin()->second->batch);
    ahead_.erase(ahead_.begin());
  }
}

}  // namespace fog
