// fogcoind run: a node from its directory, and its door. What is in a running node stands here:
//
//   Node (consensus/engine): block log, state, mempool, engine, peers
//   RpcServer (rpc/server):  JSON-RPC, /health, /metrics, over NodeApi; the web console's files
//
// They are stopped in the opposite order.
#include <atomic>
#include <csignal>
#include <iostream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "chain/base/secret_file.h"
#include "chain/base/url.h"
#include "consensus/engine/node.h"
#include "rpc/programs/node/commands.h"
#include "rpc/programs/node/console_files.h"
#include "rpc/programs/node/daemon.h"
#include "rpc/server/http_rules.h"
#include "rpc/server/server.h"

namespace fog::node_program {
namespace {

struct RunPlan {
  NodeOptions node;
  rpc::ServerOptions rpc;
  std::string rpc_place = "127.0.0.1:7780";
  std::string port_file;
  std::string listen;  // for peers; empty: do not
  std::string listen_port_file;
  std::string advertise;
  std::vector<std::string> peers;
  bool no_discover = false;
  std::string token_file;
  std::string signer;  // "unix:/path"; empty: none
  std::string log_level = "info";
  std::uint64_t idle_interval_ms = 0;
  std::string trusted;  // empty: none
};

// "ADDRESS:PORT" or "[ADDRESS]:PORT".
ErrorOr<HostPort> read_place(const char* option, const std::string& text) {
  const auto place = parse_host_port(text);
  if (!place) {
    return fail(ErrorCode::kInvalidInput, std::string(option) +
                                              ": expected ADDRESS:PORT, e.g. 127.0.0.1:7780, not "
                                              "\"" +
                                              text + "\"");
  }
  return *place;
}

// A node alone without --listen and --peer.
ErrorOr<std::optional<NodeNetwork>> read_network(const RunPlan& plan) {
  if (plan.listen.empty() && plan.peers.empty()) {
    if (!plan.advertise.empty())
      return fail(ErrorCode::kInvalidInput, "--advertise says where --listen can be reached");
    return std::optional<NodeNetwork>();
  }
  NodeNetwork network;
  network.listen_host.clear();
  network.discover = !plan.no_discover;
  if (!plan.listen.empty()) {
    TRY(const HostPort place, read_place("--listen", plan.listen));
    network.listen_host = place.host;
    network.listen_port = place.port;
  }
  if (!plan.advertise.empty()) {
    TRY(const HostPort place, read_place("--advertise", plan.advertise));
    network.advertise_host = place.host;
    network.advertise_port = place.port;
  }
  for (const std::string& text : plan.peers) {
    auto peer = parse_peer_address(text);
    if (!peer) return Fail{peer.error().within("--peer")};
    network.peers.push_back(*std::move(peer));
  }
  return std::optional(std::move(network));
}

ErrorOr<void> read_token(const std::string& path, std::string& out) {
  if (path.empty()) return {};
  TRY(out, read_secret_line(system_env(), path, 4'096));
  if (out.size() < 16) {
    return fail(ErrorCode::kInvalidInput, path + ": a token has at least 16 characters");
  }
  return {};
}

// "unix:/path": other ways to a signer may follow.
ErrorOr<void> read_signer(const std::string& text, std::string& path) {
  constexpr std::string_view kScheme = "unix:";
  if (text.empty()) return {};
  if (!text.starts_with(kScheme) || text.size() == kScheme.size()) {
    return fail(
        ErrorCode::kInvalidInput,
        "--signer: expected unix:PATH, the socket of `fogcoind signer run`, not \"" + text + "\"");
  }
  path = text.substr(kScheme.size());
  return {};
}

// The engine's figures, beside those that the RPC server counts.
std::string engine_figures(const NodeMetrics& metrics) {
  std::string out;
  const auto add = [&](const char* name, const char* type, const char* help, std::uint64_t value) {
    out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n{0} {3}\n", name, type, help, value);
  };
  add("fog_transactions_final_total", "counter", "Transactions in final blocks since the start.",
      metrics.transactions_final);
  add("fog_transactions_refused_total", "counter", "Transactions refused since the start.",
      metrics.transactions_refused);
  add("fog_signatures_checked_total", "counter", "Signatures checked since the start.",
      metrics.signatures_checked);
  add("fog_blocks_made_total", "counter", "Blocks made since the start.", metrics.blocks_made);
  add("fog_votes_signed_total", "counter", "Votes that this node signed since the start.",
      metrics.votes_signed);
  add("fog_engine_execute_ns_total", "counter", "Engine time on execution.", metrics.execute_ns);
  add("fog_engine_tree_ns_total", "counter", "Engine time on the state tree.", metrics.tree_ns);
  add("fog_engine_sync_ns_total", "counter", "Engine time on disk syncs.", metrics.sync_ns);
  add("fog_engine_commit_ns_total", "counter", "Engine time on commits.", metrics.commit_ns);
  add("fog_state_records", "gauge", "Records in the state.", metrics.state_records);
  add("fog_state_bytes", "gauge", "Memory of state and tree.", metrics.state_bytes);
  add("fog_peers", "gauge", "Peers that are connected.", metrics.peers);
  add("fog_consensus_messages_dropped_total", "counter",
      "Messages that did not fit into the engine's queues.", metrics.messages_dropped);
  if (metrics.signer_reached) {
    add("fog_signer_reached", "gauge", "1 while the validator's signer can be reached, else 0.",
        *metrics.signer_reached ? 1 : 0);
  }
  add("fog_snapshots_made_total", "counter", "Snapshots written since the start.",
      metrics.snapshots_made);
  add("fog_snapshot_ns_total", "counter", "Time on snapshots, beside the engine.",
      metrics.snapshot_ns);
  add("fog_snapshot_bytes", "gauge", "Snapshots on disk.", metrics.snapshot_bytes);
  add("fog_database_height", "gauge", "Height that the database has reached.",
      metrics.database_height);
  return out;
}

ErrorOr<void> serve(RunPlan& plan, Node& node, const std::atomic<bool>& failed) {
  plan.rpc.more_metrics = [&node] { return engine_figures(node.metrics()); };
  plan.rpc.site = rpc::StaticSite(console_files());
  TRY(auto server, rpc::RpcServer::start(node, plan.rpc));
  if (!plan.port_file.empty()) {
    TRY_VOID(write_file_atomic(system_env(), plan.port_file,
                               as_bytes(std::to_string(server->port()) + "\n"), FileMode::kShared));
  }
  TRY(const ChainStatus status, node.status());
  spdlog::info("chain {} {} at height {}", status.chain_name, to_hex0x(status.chain_id),
               status.height);
  if (node.listen_port() != 0) {
    spdlog::info("node {} listens for peers on port {}", to_hex(node.node_id()),
                 node.listen_port());
    if (!plan.listen_port_file.empty()) {
      TRY_VOID(write_file_atomic(system_env(), plan.listen_port_file,
                                 as_bytes(std::to_string(node.listen_port()) + "\n"),
                                 FileMode::kShared));
    }
  }
  const bool v6 = plan.rpc.address.find(':') != std::string::npos;
  std::cout << "RPC on http://" << (v6 ? "[" + plan.rpc.address + "]" : plan.rpc.address) << ":"
            << server->port() << std::endl;
  const int signal = wait_for_stop();
  if (!failed) spdlog::info("stopping ({})", signal == SIGINT ? "interrupt" : "terminate");
  server.reset();
  TRY_VOID(node.close());
  if (const auto failure = node.failure()) return Fail{*failure};
  spdlog::info("stopped");
  return {};
}

// As many descriptors as this process may have: thousands of connections may be open.
void raise_descriptors() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

ErrorOr<void> run(RunPlan& plan) {
  TRY_VOID(set_up_log("fogcoind", plan.log_level));
  raise_descriptors();
  TRY(const HostPort rpc_place, read_place("--rpc", plan.rpc_place));
  plan.rpc.address = rpc_place.host;
  plan.rpc.port = rpc_place.port;
  TRY(plan.node.network, read_network(plan));
  TRY_VOID(read_token(plan.token_file, plan.rpc.operator_token));
  TRY_VOID(read_signer(plan.signer, plan.node.signer_path));
  if (!plan.trusted.empty()) {
    auto trusted = parse_trusted_block(plan.trusted);
    if (!trusted) return Fail{trusted.error().within("--trusted")};
    plan.node.trusted = *trusted;
  }
  if (plan.node.keep_blocks > 0 && plan.node.keep_blocks < kKeepBlocksMin) {
    return fail(ErrorCode::kInvalidInput, "--keep-blocks: 0, or at least " +
                                              std::to_string(kKeepBlocksMin) +
                                              ": a start after a crash may need as many");
  }
  if (plan.idle_interval_ms > 0) plan.node.idle_interval_ms = plan.idle_interval_ms;
  hold_signals();

  std::atomic<bool> failed{false};
  plan.node.log = [](std::string_view line) { spdlog::info("{}", line); };
  plan.node.on_failure = [&failed](const Error& error) {
    spdlog::error("the node cannot go on: {}", error.context);
    failed = true;
    stop_this_process();
  };
  TRY(const auto node, Node::open(plan.node));
  return serve(plan, *node, failed);
}

}  // namespace

void add_run_command(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("run", "run the node until SIGINT or SIGTERM");
  const auto plan = std::make_shared<RunPlan>();
  command->add_option("--dir", plan->node.directory, "the node's directory")->required();
  command->add_option("--listen", plan->listen,
                      "address and port for peers; port 0: any free one (default: none)");
  command->add_option("--listen-port-file", plan->listen_port_file,
                      "write the port for peers to this file");
  command->add_option("--advertise", plan->advertise,
                      "where peers shall dial, if not where --listen is");
  command->add_option("--peer", plan->peers,
                      "ID@HOST:PORT of a node to stay connected to; repeatable");
  command->add_flag("--no-discover", plan->no_discover,
                    "no other peers than those and who dials here");
  command
      ->add_option("--delay-ms", plan->node.delay_ms,
                   "how long a message between validators may take before its sender is thought "
                   "to be away")
      ->capture_default_str()
      ->check(CLI::Range(1, 60'000));
  command->add_option("--signer", plan->signer,
                      "unix:PATH of the validator's signer, if its key is not in the directory");
  command
      ->add_option("--signer-timeout-ms", plan->node.signer_timeout_ms,
                   "how long a vote may wait for the signer; then the node goes on without it")
      ->capture_default_str()
      ->check(CLI::Range(10, 60'000));
  command->add_option("--rpc", plan->rpc_place, "address and port of the RPC; port 0: any free one")
      ->capture_default_str();
  command->add_option("--port-file", plan->port_file, "write the RPC's port to this file");
  command->add_option(
      "--rpc-host", plan->rpc.host_names,
      "host name under which the RPC may be called, beside IP addresses; repeatable");
  command
      ->add_option("--rpc-origin", plan->rpc.origins,
                   "other site whose pages may call the RPC, e.g. https://wallet.example.org; * "
                   "for every one; repeatable")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return rpc::is_origin_rule(text)
                       ? std::string()
                       : "expected scheme://host or scheme://host:port, as browsers write it in "
                         "the Origin header, or *; not \"" +
                             text + "\"";
          },
          "ORIGIN"));
  command->add_option("--rpc-token-file", plan->token_file,
                      "file with the bearer token of operator methods (default: loopback may)");
  command->add_option("--rpc-workers", plan->rpc.workers, "threads for RPC calls")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_option("--rpc-connections", plan->rpc.connections_max, "connections at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_option("--verify-threads", plan->node.verify_threads,
                      "threads that check signatures (default: one a core)");
  command->add_option("--pool-txs", plan->node.pool.txs_max, "transactions in the mempool at most")
      ->capture_default_str();
  command->add_option("--idle-interval-ms", plan->idle_interval_ms,
                      "make an empty block when none was for so long (default: never)");
  command->add_flag("--snapshot", plan->node.take_snapshot,
                    "a node without blocks takes over a snapshot of the state from its peers, "
                    "instead of all blocks before it");
  command->add_option("--trusted", plan->trusted,
                      "HEIGHT:HASH of a final block that somebody you trust has told you "
                      "(\"fogcoin node checkpoint\"): the chain must have it; needed when the "
                      "genesis, or this node's last block, is older than the trusting period");
  command
      ->add_option("--snapshot-epochs", plan->node.snapshot_epochs,
                   "keep a snapshot for others every so many epochs; 0: none")
      ->capture_default_str();
  command
      ->add_option("--keep-blocks", plan->node.keep_blocks,
                   "when an epoch ends, remove blocks older than the last N, at least 1000; 0: "
                   "keep all")
      ->capture_default_str();
  command->add_flag("--accept-lost-blocks", plan->node.accept_lost_blocks,
                    "start although blocks that were voted final are missing from the log");
  command->add_option("--log-level", plan->log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str();
  command->callback([=, &chosen] { chosen = [=] { return run(*plan); }; });
}

}  // namespace fog::node_program
