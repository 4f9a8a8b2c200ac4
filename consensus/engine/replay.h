// Replay: at a start, the databases are brought to where the block log ends. The log is the truth;
// they follow it and may be behind, or lost.
//
//   index   gets what it lacks
//   state   goes back if it is ahead, then blocks are executed on it
#pragma once

#include "chain/store/block_log.h"
#include "chain/store/index_store.h"
#include "chain/store/state_store.h"
#include "consensus/engine/application.h"
#include "consensus/engine/epoch_chain.h"

namespace fog {

// Waits until all is written. kCorrupt when the index has more than the log: it must be built anew.
ErrorOr<void> fill_index(const BlockLog& log, const ChainId& chain_id, IndexStore& index,
                         const std::function<void(std::string_view)>& say);

// A database that has more than the log is taken back to its end. kCorrupt when it is of another
// chain of blocks than the log, or what lies between is in neither: it must be built anew, which
// only a log that begins at the genesis allows.
ErrorOr<void> fit_state(const BlockLog& log, StateStore& state,
                        const std::function<void(std::string_view)>& say);

// Executes what the log has beyond the state and holds every result against the log's: kCorrupt
// where they differ.
ErrorOr<void> replay_blocks(const BlockLog& log, Application& app, EpochStore& epochs,
                            const std::function<void(std::string_view)>& say);

}  // namespace fog
