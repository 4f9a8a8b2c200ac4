// Checking the transactions of a block: on all cores, and ahead of the block's execution when the
// engine knows it early enough, so that one block is checked while another is executed.
#include "consensus/engine/ledger_app_parts.h"

namespace fog {
namespace {

// Twice what one answer of a peer can bring.
constexpr std::size_t kAheadMax = 2'048;
// What follows the body of a transaction that one key has signed: tag, key, signature.
constexpr std::size_t kSingleAuthBytes = 1 + PublicKey::kSize + EcdsaSig::kSize;

}  // namespace

// Null when it is not valid. One that is in the mempool, byte for byte, has been checked.
PooledTx LedgerApp::check_block_tx(const Bytes& tx, bool has_pool) {
  // Most are signed by one key: then the id is at hand without decoding. A wrong guess finds none.
  if (has_pool && tx.size() > kSingleAuthBytes) {
    const TxId id = tx_id(ByteView(tx).first(tx.size() - kSingleAuthBytes));
    if (PooledTx known = parts_.pool->find(id); known != nullptr && known->encoded() == tx)
      return known;
  }
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
  check->batch = parts_.workers->start(
      check->txs.size(),
      [this, at = check.get(), has_pool = parts_.pool->size().txs > 0](std::size_t i) {
        at->txs[i] = check_block_tx(at->block->txs[i], has_pool);
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
    const bool has_pool = parts_.pool->size().txs > 0;
    parts_.workers->run(out.size(),
                        [&](std::size_t i) { out[i] = check_block_tx(block.txs[i], has_pool); });
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
