// Opening a node: its directory, its log, its databases, and what must be replayed.
#include <malloc.h>

#include "chain/base/secret_file.h"
#include "consensus/engine/genesis_file.h"
#include "consensus/engine/local_signer.h"
#include "consensus/engine/node_impl.h"
#include "consensus/engine/replay.h"
#include "consensus/staking/validators.h"

namespace fog {
namespace {

constexpr const char* kGenesisName = "genesis.json";
constexpr const char* kSignerName = "validator.signer";
constexpr const char* kNodeKeyName = "node.key";
// What may wait for a peer: a few of the largest proposals.
constexpr std::size_t kConsensusLaneBytes = 4 * kBlockBytesMax;

std::string in(const NodeOptions& options, const char* name) {
  return options.directory + "/" + name;
}

// Makes one when there is none: it proves who a node is, and nothing hangs on keeping it.
ErrorOr<SecretKey> take_node_key(Env& env, const std::string& path) {
  TRY(const bool there, env.exists(path));
  if (!there) {
    const SecretKey key = SecretKey::generate(system_rng());
    const std::string text = to_hex0x(key.bytes()) + "\n";
    TRY_VOID(write_file_atomic(env, path, as_bytes(text), FileMode::kPrivate));
    return key;
  }
  TRY(const std::string text, read_secret_line(env, path, 256));
  const auto secret = fixed_from_hex<32>(text);
  const auto key = secret ? SecretKey::from_bytes(*secret) : std::nullopt;
  if (!key) {
    return fail(ErrorCode::kCorrupt,
                path + " is no node key; remove it, and the node makes a new one");
  }
  return *key;
}

}  // namespace

ErrorOr<NodeId> init_node(const NodeOptions& options, const Genesis& genesis,
                          const std::optional<ValidatorKey>& key) {
  if (const auto checked = check_genesis(genesis); !checked)
    return fail(ErrorCode::kInvalidInput, "genesis: " + checked.error());
  TRY_VOID(options.env->make_dir(options.directory));
  TRY(const bool there, options.env->exists(in(options, kGenesisName)));
  if (there) return fail(ErrorCode::kAlreadyExists, options.directory + " already holds a node");
  if (key) {
    TRY_VOID(create_signer_files(*options.env, options.directory, chain_id_of(genesis), *key));
  }
  TRY(const SecretKey node_key, take_node_key(*options.env, in(options, kNodeKeyName)));
  // Last: a directory without it is no node.
  TRY_VOID(write_file_atomic(*options.env, in(options, kGenesisName),
                             as_bytes(format_genesis(genesis)), FileMode::kShared));
  return node_key.public_key();
}

ErrorOr<std::unique_ptr<Node>> Node::open(NodeOptions options) {
  auto node = std::make_unique<NodeImpl>(std::move(options));
  TRY_VOID(node->open());
  return std::unique_ptr<Node>(std::move(node));
}

ErrorOr<void> NodeImpl::open() {
  TRY(const bool initialized, options_.env->exists(path(kGenesisName)));
  if (!initialized) {
    return fail(ErrorCode::kNotFound,
                options_.directory + " holds no node: initialize one there first");
  }
  TRY(lock_, options_.env->lock(path("lock")));
  TRY(genesis_, read_genesis_head(*options_.env, path(kGenesisName), path("genesis.cache")));
  chain_id_ = genesis_.chain_id;
  TRY(std::unique_ptr<Signer> signer, open_signer());
  TRY_VOID(open_network());
  TRY_VOID(open_log());
  TRY_VOID(open_index());
  TRY_VOID(open_snapshots());
  TRY_VOID(open_state());
  genesis_.genesis.accounts.clear();
  genesis_.genesis.accounts.shrink_to_fit();
  TRY_VOID(replay_blocks(*log_, *app_, *epochs_, options_.log));
#ifdef __GLIBC__
  // What building the state took and gave back.
  malloc_trim(0);
#endif
  TRY_VOID(check_trust_now(signer.get()));
  return start_engine(std::move(signer));
}

ErrorOr<void> NodeImpl::open_log() {
  BlockLogOptions options;
  options.segment_bytes = options_.segment_bytes;
  options.rng = options_.rng;
  TRY(log_, BlockLog::open(*options_.env, path("blocks"), chain_id_, options));
  if (log_->torn_bytes() > 0) {
    options_.log("cut " + std::to_string(log_->torn_bytes()) +
                 " bytes of an unfinished write off the block log");
  }
  return {};
}

// ---- index ----

ErrorOr<void> NodeImpl::open_index() {
  const auto try_open = [&]() -> ErrorOr<void> {
    LevelDbOptions options;
    options.write_buffer_bytes = 16ULL * 1024 * 1024;
    TRY(index_db_, open_leveldb(path("index"), options));
    TRY(index_, IndexStore::open(*index_db_, chain_id_));
    return fill_index(*log_, chain_id_, *index_, options_.log);
  };
  auto opened = try_open();
  if (opened || opened.error().code != ErrorCode::kCorrupt) return opened;
  options_.log(opened.error().context + "; building the index anew from the block log");
  index_.reset();
  index_db_.reset();
  TRY_VOID(destroy_leveldb(path("index")));
  return try_open();
}

// ---- state ----

ErrorOr<void> NodeImpl::open_state() {
  auto opened = try_open_state();
  if (opened || opened.error().code != ErrorCode::kCorrupt) return opened;
  if (log_->first_height() > 1) {
    return Fail{
        opened.error().within("the state cannot be built anew, because the block log does not "
                              "begin at the genesis: restore the state folder, or remove blocks, "
                              "state and index and join again with --snapshot")};
  }
  options_.log(opened.error().context + "; building the state anew from the block log");
  app_.reset();
  state_.reset();
  state_db_.reset();
  TRY_VOID(destroy_leveldb(path("state")));
  return try_open_state();
}

ErrorOr<void> NodeImpl::try_open_state() {
  TRY(state_db_, open_leveldb(path("state")));
  StateStoreOptions options;
  options.on_marked = [this](StateReader state) { maker_->take(std::move(state)); };
  TRY(state_, StateStore::open(*state_db_, std::move(options)));
  TRY_VOID(fit_state(*log_, *state_, options_.log));
  app_ = std::make_unique<LedgerApp>(
      LedgerApp::Parts{chain_id_, &pool_, state_.get(), index_.get(), &workers_, options_.clock,
                       options_.rng, snapshots_.get(), inbox_.get(), options_.snapshot_epochs});
  if (!state_->meta()) {
    if (!genesis_.whole) {
      TRY(genesis_.genesis, read_genesis_file(*options_.env, path(kGenesisName)));
    }
    TRY_VOID(app_->init_chain(genesis_.genesis));
    // Before anybody is answered: killed soon after, it need not be done again.
    return state_->drain();
  }
  return app_->load();
}

// A node without a validator key and without a signer only follows.
ErrorOr<std::unique_ptr<Signer>> NodeImpl::open_signer() {
  if (!options_.signer_path.empty()) return open_remote_signer();
  TRY(const bool had_signer, options_.env->exists(path(kSignerName)));
  if (had_signer) {
    return fail(ErrorCode::kInvalidInput,
                path(kSignerName) +
                    " says that a signer in another process votes for this node, and "
                    "none is given: say where it is, or remove the file to go on "
                    "without it");
  }
  TRY(const bool has_key, options_.env->exists(path(kKeyName)));
  if (!has_key) {
    TRY(const bool has_votes, options_.env->exists(path(kVotesName)));
    if (has_votes) {
      return fail(ErrorCode::kNotFound, path(kVotesName) + " is there, and " + path(kKeyName) +
                                            ", whose votes it records, is not: put the key back, "
                                            "or remove the record to follow without a vote");
    }
    return std::unique_ptr<Signer>();
  }
  TRY(auto signer, LocalSigner::open(*options_.env, options_.directory, chain_id_));
  return std::unique_ptr<Signer>(std::move(signer));
}

// Whose signer it is, the directory remembers: then a start need not wait for it.
ErrorOr<std::unique_ptr<Signer>> NodeImpl::open_remote_signer() {
  for (const char* name : {kKeyName, kVotesName}) {
    TRY(const bool there, options_.env->exists(path(name)));
    if (there) {
      return fail(ErrorCode::kInvalidInput,
                  path(name) +
                      " is there, and a signer in another process is given: a key votes in "
                      "one place only. Move " +
                      kKeyName + " and " + kVotesName + " into the signer's directory");
    }
  }
  RemoteSignerOptions options;
  options.path = options_.signer_path;
  options.chain_id = chain_id_;
  options.deadline_ms = options_.signer_timeout_ms;
  options.log = options_.log;
  TRY(const bool known, options_.env->exists(path(kSignerName)));
  if (known) {
    TRY(const Bytes text, read_file(*options_.env, path(kSignerName), 256));
    options.key = fixed_from_hex<32>(without_line_end(as_text(text)));
    if (!options.key) {
      return fail(ErrorCode::kCorrupt,
                  path(kSignerName) +
                      " does not hold a validator's public key: remove it, and the "
                      "next start asks the signer");
    }
  }
  TRY(auto signer, RemoteSigner::open(std::move(options)));
  if (!known) {
    const std::string text = to_hex0x(signer->key()) + "\n";
    TRY_VOID(
        write_file_atomic(*options_.env, path(kSignerName), as_bytes(text), FileMode::kShared));
  }
  remote_signer_ = signer.get();
  return std::unique_ptr<Signer>(std::move(signer));
}

// Listens; connects once the engine runs.
ErrorOr<void> NodeImpl::open_network() {
  TRY(const SecretKey key, take_node_key(*options_.env, path(kNodeKeyName)));
  node_id_ = key.public_key();
  if (!options_.network) return {};
  const NodeNetwork& wanted = *options_.network;
  TcpNetworkOptions options(key);
  options.chain_id = to_hex0x(chain_id_);
  options.listen_host = wanted.listen_host;
  options.listen_port = wanted.listen_port;
  options.advertise_host = wanted.advertise_host;
  options.advertise_port = wanted.advertise_port;
  options.peers = wanted.peers;
  options.discover = wanted.discover;
  options.address_book_path = path("peers.book");
  options.kinds = wire::kind_rules();
  options.limits.lanes[static_cast<std::size_t>(Lane::kConsensus)].bytes_max = kConsensusLaneBytes;
  // The engine is there before the network starts.
  options.events.on_up = [this](const NodeId& peer) { net_events_.on_up(peer); };
  options.events.on_down = [this](const NodeId& peer) { net_events_.on_down(peer); };
  options.events.on_message = [this](const NodeId& peer, std::uint8_t kind, Bytes&& message) {
    net_events_.on_message(peer, kind, std::move(message));
  };
  options.log = [this](NetworkLog level, const std::string& line) {
    if (level != NetworkLog::kDebug) options_.log("net: " + line);
  };
  options.env = options_.env;
  options.clock = options_.clock;
  options.rng = options_.rng;
  TRY(net_, TcpNetwork::open(std::move(options)));
  return {};
}

ErrorOr<void> NodeImpl::start_engine(std::unique_ptr<Signer> signer) {
  ReplicaOptions options;
  options.idle_interval_ms = options_.idle_interval_ms;
  options.accept_lost_blocks = options_.accept_lost_blocks;
  options.delay_ms = options_.delay_ms;
  options.take_snapshot = options_.take_snapshot;
  options.trusted = options_.trusted;
  options.keep_blocks = options_.keep_blocks;
  options.trusting_period_ms = staking_params().trusting_period_ms;
  EngineEvents events;
  events.on_final = [this](const FinalBlock& block) { on_final(block); };
  events.on_failure = [this](const Error& error) { on_failure(error); };
  events.on_installed = [this](std::uint64_t height) { on_installed(height); };
  events.log = options_.log;
  events.on_evidence = [this](const XOnlyKey& validator, const Evidence& evidence) {
    on_evidence(validator, evidence);
  };
  const ReplicaParts parts{chain_id_,      app_.get(), log_.get(),    &pool_,
                           options_.clock, net_.get(), epochs_.get(), &progress_};
  engine_ = std::make_unique<SimplexEngine>(
      parts, std::move(signer), options,
      [this](const std::vector<Bytes>& txs) { return check_all(txs); }, std::move(events));
  height_ = app_->info().height;
  pool_.set_listener([this] { engine_->wake(); });
  pool_.set_arrival_listener([this](const PooledTx& tx) { engine_->on_arrival(tx); });
  TRY_VOID(engine_->start());
  if (net_) {
    net_events_ = engine_->network_events();
    net_->start();
  }
  return {};
}

}  // namespace fog
