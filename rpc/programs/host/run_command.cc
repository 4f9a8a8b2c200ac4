// foghost run: wires the agent to node, key, folder and listener, and ends with a signal.
#include <csignal>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "chain/base/file.h"
#include "executor/agent.h"
#include "executor/say.h"
#include "executor/worker/wasm_runtime.h"
#include "rpc/programs/host/commands.h"

namespace fog::host {
namespace {

using executor::say;

constexpr std::uint64_t kSendTimeoutMs = 30'000;
constexpr int kBindTries = 250;  // of 20 ms

// The agent's door to the chain: the operator's account.
class OperatorSender final : public executor::MessageSender {
 public:
  OperatorSender(NodeApi& node, const SecretKey& key)
      : signer_(key), sender_(node, signer_, system_clock(), system_rng()) {}

  ErrorOr<void> send(const std::vector<RawMessage>& messages) override {
    auto sent = sender_.send(messages, {}, kSendTimeoutMs);
    if (sent) return {};
    if (sent.error().code != ErrorCode::kExhausted && sent.error().code != ErrorCode::kNotFound) {
      return Fail{sent.error()};
    }
    return fail(ErrorCode::kExhausted, sent.error().context + " (the operator's account " +
                                           to_text(signer_.address()) + " pays the fees)");
  }

 private:
  wallet::KeySigner signer_;
  wallet::TxSender sender_;
};

Json status_json(const executor::Agent& agent) {
  Json replicas = Json::array();
  for (const executor::ReplicaStatus& each : agent.replicas()) {
    replicas.push_back({{"lease", to_hex0x(each.replica.lease)},
                        {"term", each.replica.term},
                        {"service", each.service},
                        {"state", std::string(market::lease_state_name(each.state))},
                        {"phase", each.phase},
                        {"why", each.why},
                        {"worker_starts", std::to_string(each.worker_starts)},
                        {"cpu_ms", std::to_string(each.computer_use.cpu_ms)},
                        {"memory_peak_bytes", std::to_string(each.computer_use.memory_peak_bytes)},
                        {"served", std::to_string(each.use.served)},
                        {"failed", std::to_string(each.use.failed)},
                        {"refused", std::to_string(each.use.refused)},
                        {"fuel", std::to_string(each.use.fuel)}});
  }
  Json json = {{"replicas", replicas}};
  if (const auto tunnel = agent.tunnel()) {
    json["tunnel"] = {{"gateway", tunnel->gateway},
                      {"spare", tunnel->spare},
                      {"taken", std::to_string(tunnel->taken)},
                      {"why", tunnel->why}};
  }
  return json;
}

// Writes what `foghost status` shows, when it has changed, until told to stop by a signal.
void watch_until_signal(executor::Agent& agent, const std::string& dir, const sigset_t& signals) {
  std::string last;
  for (;;) {
    const timespec second = {1, 0};
    const int signal = ::sigtimedwait(&signals, nullptr, &second);
    if (signal > 0) {
      say(fmt::format("stopping ({})", ::strsignal(signal)));
      return agent.stop();
    }
    const std::string text = status_json(agent).dump();
    if (text == last) continue;
    last = text;
    (void)write_file_atomically(dir + "/status.json", as_bytes(text), FileMode::kShared);
  }
}

// The front of an agent that was killed holds the port until it has noticed.
ErrorOr<UniqueFd> listen_soon(const std::string& place) {
  for (int tries = 1;; ++tries) {
    auto listener = listen_on(place);
    if (listener || listener.error().code != ErrorCode::kIo || tries == kBindTries) return listener;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

ErrorOr<UniqueFd> lock_folder(const std::string& dir, const char* command) {
  UniqueFd lock(::open((dir + "/run.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return fail_errno("cannot open " + dir + "/run.lock");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::kAlreadyExists,
                std::string("another `") + command + "` works in " + dir);
  }
  return lock;
}

ErrorOr<UniqueFd> listen_on(const std::string& text) {
  TRY(const auto place, parse_listen(text));
  addrinfo hints = {};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(place.port);
  if (const int failed = ::getaddrinfo(place.host.c_str(), port.c_str(), &hints, &found);
      failed != 0) {
    return fail(ErrorCode::kInvalidInput,
                "cannot listen on " + text + ": " + ::gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!listener || ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(listener.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0) {
    return fail_errno("cannot listen on " + text);
  }
  return listener;
}

ErrorOr<void> run(const HostCommand& command) {
  std::signal(SIGPIPE, SIG_IGN);
  TRY(const auto self, Operator::open(command));
  TRY(const auto lock, lock_folder(command.dir, "foghost run"));
  TRY(const auto id, self->host_id());
  TRY(auto listener, listen_soon(self->config().listen));
  executor::AgentOptions options;
  options.folder = command.dir;
  options.program = cli::own_path();
  options.host = id;
  options.runtime = executor::wasm_profile();
  options.artifact_quota_bytes = self->config().artifact_cache_mib << 20;
  options.code_quota_bytes = self->config().code_cache_mib << 20;
  options.leaves_quota_bytes = self->config().leaves_mib << 20;
  options.namespaces = self->config().namespaces;
  if (self->config().containers) {
    if (auto tools = executor::ContainerTools::find()) options.containers = *std::move(tools);
  }
  options.registries.registries = self->config().registries;
  options.outbound = self->config().outbound;
  options.programs = self->config().exec;
  options.tunnel = self->config().tunnel;

  // Before any thread starts, so that all of them leave the signals to the one that waits.
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  OperatorSender sender(self->node(), self->key());
  TRY(const auto agent, executor::Agent::create(options, self->node(), sender, self->key(),
                                                system_clock(), std::move(listener)));
  TRY(const auto port, agent->wait_listening(20'000));
  say(fmt::format("Host {} listens on port {} and follows {}", to_hex0x(id).substr(0, 14), port,
                  self->context().options().node));
  std::thread watcher([&] { watch_until_signal(*agent, command.dir, signals); });
  auto end = agent->run();
  // If the agent ended by itself, the watcher still waits for a signal.
  ::pthread_kill(watcher.native_handle(), SIGTERM);
  watcher.join();
  return end;
}

}  // namespace fog::host
