// What the files of LedgerApp share; nobody else includes it.
#pragma once

#include "consensus/engine/ledger_app.h"

namespace fog {

// A block whose transactions are being checked ahead.
struct LedgerApp::Ahead {
  std::shared_ptr<const Block> block;
  std::vector<PooledTx> txs;  // null: not valid
  std::shared_ptr<WorkerPool::Batch> batch;
};

}  // namespace fog
