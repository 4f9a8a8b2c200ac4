// NodeApi: what every outer part (wallet, Host, gateway, RPC server) sees of a node, in process and
// over HTTP alike. It speaks of transactions, blocks and state records; typed records are read with
// read_record<T>() and the key functions beside each record.
//
// Every call may block (network, disk) and may be made from any thread. Answers concern final
// blocks only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chain/base/error.h"
#include "chain/types/fault.h"
#include "chain/types/final_tx.h"
#include "chain/types/records.h"
#include "chain/types/simulation.h"
#include "chain/types/staking_messages.h"
#include "chain/types/state_proof.h"

namespace fog {

struct ChainStatus {
  ChainId chain_id;
  std::string chain_name;
  std::uint64_t height = 0;   // of the last final block
  std::uint64_t time_ms = 0;  // its time
  BlockId block;
  Hash32 app_hash;               // state root after it
  std::uint64_t base_price = 0;  // droplets per unit for the next block
  std::uint64_t mempool_txs = 0;
  std::uint64_t mempool_bytes = 0;
  std::string version;
};

// The answer to one submitted transaction.
struct SubmitReply {
  TxId id;                     // zero when the bytes could not be decoded
  Fault fault = Fault::kNone;  // kNone: in the mempool
  // Non-empty when refused for the node's own reasons (pool full, fee below the pool's floor).
  std::string refused;
};

enum class TxPlace : std::uint8_t { kUnknown, kPending, kFinal };
struct TxStatus {
  TxPlace place = TxPlace::kUnknown;
  std::uint64_t height = 0;  // when final
  std::uint32_t index = 0;   // position in the block
  TxOutcome outcome;         // when final
};

struct StateRecord {
  StateKey key;
  Bytes value;
};
struct StatePage {
  std::vector<StateRecord> records;
  std::optional<StateKey> next;  // pass as `from` to go on; nothing at the end
  std::uint64_t height = 0;      // the state that was read
};

struct BlockInfo {
  BlockId id;
  Block block;
  std::vector<TxOutcome> outcomes;
  // What made this block final, where it was not a later block's that did: whoever trusts the
  // epoch's validators needs nothing else to believe the header and those before it.
  std::optional<Certificate> finalization;
};

struct SupplyReport {
  std::uint64_t height = 0;
  Supply supply;
  Amount accounts, stakes, bonds, escrows;  // escrows include locked slices and hold-backs
  bool conserved = false;  // accounts + stakes + bonds + escrows + burned == minted
};

// How far a node is that takes over a snapshot instead of all blocks before it.
enum class SyncPhase : std::uint8_t {
  kNone,       // it does not, or did so in an earlier life
  kEpochs,     // verifies the ends of all epochs
  kOffers,     // asks who has which snapshot
  kChunks,     // fetches one
  kInstalled,  // has it: from here on it follows
  kGivenUp,    // there was none: it takes over the blocks
};
struct SyncReport {
  SyncPhase phase = SyncPhase::kNone;
  std::uint64_t height = 0;           // of the last final block
  std::uint64_t first_height = 0;     // of the oldest block that is here
  std::uint64_t epochs = 0;           // whose ends are verified, while joining
  std::uint64_t snapshot_height = 0;  // of the snapshot that is taken over
  std::uint64_t chunks = 0;           // of it that are here
  std::uint64_t chunks_total = 0;
  std::vector<std::uint64_t> snapshots;  // heights of those that are here for others
};

// The last block of an epoch: what somebody else may start from who trusts whoever says so.
struct Checkpoint {
  std::uint64_t height = 0;
  BlockId block;
  std::uint64_t epoch = 0;
  std::uint64_t time_ms = 0;
};

class NodeApi {
 public:
  virtual ~NodeApi() = default;

  virtual ErrorOr<ChainStatus> status() = 0;

  // Checks each (form, then cheap state, then signature) and puts it into the mempool. Replies in
  // order.
  virtual ErrorOr<std::vector<SubmitReply>> submit(const std::vector<Bytes>& txs) = 0;
  virtual ErrorOr<TxStatus> transaction(const TxId& id) = 0;
  // Waits until the transaction is final, at most timeout_ms (bounded to 60 000); then its place as
  // it is.
  virtual ErrorOr<TxStatus> wait_transaction(const TxId& id, std::uint64_t timeout_ms) = 0;
  // Waits until a block of at least this height is final, at most timeout_ms (bounded to 60 000).
  virtual ErrorOr<ChainStatus> wait_height(std::uint64_t height, std::uint64_t timeout_ms) = 0;
  virtual ErrorOr<BlockInfo> block(std::uint64_t height) = 0;
  // The height of a final block; kNotFound when there is none of this id.
  virtual ErrorOr<std::uint64_t> block_height(const BlockId& id);
  // Final transactions that concern an address (parties_of), as far as their blocks are kept, from
  // a position on; nothing: from the newest or the oldest. At most `limit` (1..kHistoryMax), fewer
  // where their blocks are large.
  virtual ErrorOr<HistoryPage> history(const Address& address, HistoryOrder order,
                                       std::optional<TxPosition> from, std::uint32_t limit);
  // BCS of a SignedTx, whose signatures are not looked at. Nothing is kept of it. kInvalidInput for
  // bytes that are no transaction of this chain. These three: kUnavailable from a node that cannot
  // tell.
  virtual ErrorOr<Simulation> simulate(ByteView tx);

  // The records under the keys, nothing where there is none; all from one state. At most 256 keys.
  virtual ErrorOr<std::vector<std::optional<Bytes>>> state_get(
      const std::vector<StateKey>& keys) = 0;
  // Records of an ordered table with from <= key < to, ascending, at most `limit` (1..1000).
  virtual ErrorOr<StatePage> state_scan(const StateKey& from, const StateKey& to,
                                        std::uint32_t limit) = 0;
  virtual ErrorOr<StateProof> state_proof(const StateKey& key) = 0;
  // What this node has seen of validators that voted against themselves, since it started: proofs
  // that anyone may submit.
  virtual ErrorOr<std::vector<SubmitEvidence>> evidence() = 0;
  // What this node has of the chain, and how it comes to have it.
  virtual ErrorOr<SyncReport> sync_report() = 0;
  // The end of the newest epoch that is over; kNotFound while none is.
  virtual ErrorOr<Checkpoint> checkpoint() = 0;
  // Adds up the whole state.
  virtual ErrorOr<SupplyReport> verify_supply() = 0;
  // What a Bid would find now: a PreviewReport of a PreviewRequest (market/types/preview.h), both
  // as BCS. kInvalidInput for terms that no Bid could have; kUnavailable from a node that cannot
  // tell.
  virtual ErrorOr<Bytes> market_preview(ByteView request);
};

// Reads and decodes one record. An undecodable record is a protocol error.
template <class T>
ErrorOr<std::optional<T>> read_record(NodeApi& node, const StateKey& key) {
  TRY(const auto values, node.state_get({key}));
  if (values.size() != 1)
    return fail(ErrorCode::kProtocol, "the node answered another number of records");
  if (!values[0]) return std::optional<T>();
  auto decoded = bcs_decode<T>(*values[0]);
  if (!decoded) {
    return fail(ErrorCode::kProtocol, "a state record cannot be decoded: " +
                                          std::string(bcs_error_text(decoded.error())));
  }
  return std::optional<T>(*std::move(decoded));
}

// All records of an ordered table under a prefix, following pages, at most `max` of them.
ErrorOr<std::vector<StateRecord>> scan_prefix(NodeApi& node, const StateKey& prefix,
                                              std::size_t max);

// The values under any number of keys, in their order, without those that do not exist. Read 256 at
// a time, so not all of one state.
ErrorOr<std::vector<Bytes>> read_values(NodeApi& node, const std::vector<StateKey>& keys);

// The keys that an index names: for each entry `prefix || tail`, ascending and at most `max` of
// them, the key `record_prefix || tail`.
ErrorOr<std::vector<StateKey>> read_index_keys(NodeApi& node, const StateKey& prefix,
                                               const StateKey& record_prefix, std::size_t max);

// The records under the keys as read_values reads them, decoded. One that cannot be decoded is a
// protocol error.
template <class T>
ErrorOr<std::vector<T>> read_records(NodeApi& node, const std::vector<StateKey>& keys) {
  TRY(const auto values, read_values(node, keys));
  std::vector<T> records;
  records.reserve(values.size());
  for (const Bytes& value : values) {
    auto decoded = bcs_decode<T>(value);
    if (!decoded) {
      return fail(ErrorCode::kProtocol, "a state record cannot be decoded: " +
                                            std::string(bcs_error_text(decoded.error())));
    }
    records.push_back(*std::move(decoded));
  }
  return records;
}

// The records that an index names (read_index_keys), without those erased since it was read.
template <class T>
ErrorOr<std::vector<T>> read_index(NodeApi& node, const StateKey& prefix,
                                   const StateKey& record_prefix, std::size_t max) {
  TRY(const auto keys, read_index_keys(node, prefix, record_prefix, max));
  return read_records<T>(node, keys);
}

}  // namespace fog
