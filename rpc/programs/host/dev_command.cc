// foghost dev, which is `fogcoin dev`: runs a service here, shows each request, starts it anew when
// its files change, and says at the end what it used and would cost.
#include <csignal>
#include <iostream>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "chain/base/file.h"
#include "executor/worker/wasm_runtime.h"
#include "rpc/programs/cli/bid_terms.h"
#include "rpc/programs/host/commands.h"
#include "rpc/programs/host/dev_cost.h"
#include "rpc/programs/host/dev_service.h"

namespace fog::host {
namespace {

using executor::ReplicaPhase;
using Clock = std::chrono::steady_clock;

constexpr long kLookEveryNs = 50'000'000;
constexpr int kFilesEvery = 6;  // looks

// What a stranger sent, as one line of a terminal.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 200)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return text.size() > 200 ? out + "..." : out;
}

// Everything that the command prints, from whichever thread.
class Output {
 public:
  explicit Output(bool json) : json_(json) {}

  void event(const Json& json, const std::string& text) {
    const std::lock_guard lock(mutex_);
    std::cout << (json_ ? json.dump() + "\n" : text) << std::flush;
  }
  void note(const char* what, const std::string& text) {
    event({{"event", what}, {"text", text}}, text + "\n");
  }
  void workload(ByteView text) {
    const std::lock_guard lock(mutex_);
    std::cerr << as_text(text) << std::flush;
  }

 private:
  const bool json_;
  std::mutex mutex_;
};

class UseCount {
 public:
  explicit UseCount(Output& out) : out_(out) {}

  void add(const gateway::ServedRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      if (request.counters.requests == 0) {
        ++use_.refused;
      } else {
        use_.counters = checked_add(use_.counters, request.counters).value_or(use_.counters);
        use_.memory_peak_bytes = std::max(use_.memory_peak_bytes, request.memory_peak_bytes);
        use_.wall_us += request.wall_us;
        if (request.outcome != "ok") ++use_.failed;
      }
    }
    const std::string outcome = request.outcome == "ok" ? "" : "  (" + request.outcome + ")";
    out_.event(
        {{"event", "request"},
         {"method", plain(request.method)},
         {"target", plain(request.target)},
         {"status", request.status},
         {"outcome", request.outcome},
         {"fuel", std::to_string(request.counters.fuel)},
         {"egress_bytes", std::to_string(request.counters.egress_bytes)},
         {"memory_peak_bytes", std::to_string(request.memory_peak_bytes)},
         {"wall_us", std::to_string(request.wall_us)}},
        fmt::format("{} {} {}  fuel {}  memory {:.1f} MiB  {:.1f} ms{}\n", plain(request.method),
                    plain(request.target), request.status, request.counters.fuel,
                    static_cast<double>(request.memory_peak_bytes) / (1 << 20),
                    static_cast<double>(request.wall_us) / 1e3, outcome));
  }
  DevUse sum() const {
    const std::lock_guard lock(mutex_);
    return use_;
  }

 private:
  Output& out_;
  mutable std::mutex mutex_;
  DevUse use_;
};

// What tells two states of a file apart; zeros while there is none.
struct FileMark {
  std::int64_t sec = 0, nsec = 0, size = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileMark&) const = default;
};
FileMark mark_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return {};
  return {about.st_mtim.tv_sec, about.st_mtim.tv_nsec, about.st_size, about.st_ino};
}

// From this process's own environment.
ErrorOr<market::SecretValues> secrets_here(const market::Manifest& manifest) {
  market::SecretValues out;
  for (const auto& name : manifest.secrets) {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr || !market::is_secret_value(value)) {
      return fail(ErrorCode::kNotFound, "the manifest names the secret " + std::string(name) +
                                            ": put a value for it into this command's environment");
    }
    out[name] = value;
  }
  return out;
}

class Dev {
 public:
  Dev(const HostCommand& command, const cli::DevOptions& options)
      : options_(options), context_(command.options), out_(command.options.json), use_(out_) {}

  ErrorOr<void> run();

 private:
  ErrorOr<void> load(bool first);
  ErrorOr<DevSetup> setup();
  void show_state();
  void show_use();
  void reload_if_changed();
  ErrorOr<DevPrices> prices();
  // The number of a signal, 0 when it is time to look.
  int wait(const sigset_t& signals);

  const cli::DevOptions options_;
  cli::Context context_;
  Output out_;
  UseCount use_;
  std::unique_ptr<DevService> service_;
  market::Resources resources_;
  std::vector<std::pair<std::string, FileMark>> files_;
  std::optional<ReplicaPhase> shown_;
  std::optional<Clock::time_point> served_since_;
  executor::CgroupUse computer_use_;
  bool enter_ = false;  // somebody may press it
};

ErrorOr<DevSetup> Dev::setup() {
  DevSetup out;
  out.folder = options_.cache;
  out.program = cli::own_path();
  TRY(out.listen, parse_listen(options_.listen));
  out.outbound.private_blocks = options_.private_blocks;
  for (const std::string& block : options_.private_blocks) {
    const auto parsed = executor::parse_address_block(block);
    if (!parsed) return Fail{parsed.error().within("--private " + block)};
  }
  out.served = [this](const gateway::ServedRequest& request) { use_.add(request); };
  out.wrote = [this](ByteView text) { out_.workload(text); };
  if (auto tools = executor::ContainerTools::find()) out.containers = *std::move(tools);
  // Whoever starts this names the image himself.
  TRY(const auto file, cli::read_service_file(options_.manifest));
  if (!file.manifest.image.empty()) {
    const std::string image = file.manifest.image;
    out.registries = {image.substr(0, image.find('/'))};
  }
  return out;
}

// Reads manifest and program and starts what they say. What is wrong with them ends the command at
// first; later, what runs goes on.
ErrorOr<void> Dev::load(bool first) {
  files_ = {{options_.manifest, mark_of(options_.manifest)}};
  TRY(const auto service, cli::load_service(options_.manifest));
  if (!service.artifact_path.empty())
    files_.emplace_back(service.artifact_path, mark_of(service.artifact_path));
  TRY_VOID(cli::check_program(service));
  if (service.manifest.runtime == market::RuntimeKind::kContainer) {
    const auto tools = find_container_tools();
    if (!tools) return Fail{tools.error().within("a container cannot run here")};
  }
  if (first) {
    TRY_VOID(make_folder(options_.cache));
    TRY(auto made, setup());
    TRY(service_, DevService::open(std::move(made)));
  }
  resources_ = cli::terms_of(service.file).resources;
  shown_.reset();
  TRY(const auto secrets, secrets_here(service.manifest));
  return service_->run(service, resources_, secrets);
}

void Dev::show_state() {
  const auto state = service_->look();
  if (!state) return out_.note("failed", state.error().context);
  computer_use_.memory_peak_bytes =
      std::max(computer_use_.memory_peak_bytes, state->computer_use.memory_peak_bytes);
  computer_use_.cpu_ms = std::max(computer_use_.cpu_ms, state->computer_use.cpu_ms);
  if (shown_ == state->phase) return;
  shown_ = state->phase;
  switch (state->phase) {
    case ReplicaPhase::kStarting:
      return out_.note("starting", "Starting " + options_.manifest + " ...");
    case ReplicaPhase::kServing: {
      if (!served_since_) served_since_ = Clock::now();
      const std::string url =
          fmt::format("http://{}:{}/", parse_listen(options_.listen)->host, service_->port());
      return out_.event({{"event", "serving"}, {"url", url}},
                        "Serving at " + url + " (Ctrl-C ends)\n");
    }
    case ReplicaPhase::kFailed:
      return out_.note("failed",
                       "It cannot run: " + state->why +
                           (options_.watch ? "\nMend it: it is started again then." : ""));
    case ReplicaPhase::kStopped:
      return;
  }
}

void Dev::reload_if_changed() {
  bool changed = false;
  for (const auto& [path, mark] : files_) changed = changed || mark_of(path) != mark;
  if (!changed) return;
  // Whoever writes may not have ended.
  for (std::vector<FileMark> last;;) {
    std::vector<FileMark> now;
    for (const auto& file : files_) now.push_back(mark_of(file.first));
    if (now == last) break;
    last = std::move(now);
    const timespec moment = {0, 150'000'000};
    ::nanosleep(&moment, nullptr);
  }
  if (const auto loaded = load(false); !loaded) {
    out_.note("not_reloaded", "Changed, but what runs goes on, because " + loaded.error().context);
  }
}

ErrorOr<DevPrices> Dev::prices() {
  if (!options_.prices.empty()) return given_prices(options_.prices);
  return live_prices(context_, options_.manifest);
}

void Dev::show_use() {
  DevUse use = use_.sum();
  use.cpu_ms = computer_use_.cpu_ms;
  if (served_since_) {
    use.served_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *served_since_)
            .count());
  }
  const auto at = prices();
  out_.event(cost_json(use, resources_, at), "\n" + cost_text(use, resources_, at) + "\n");
}

int Dev::wait(const sigset_t& signals) {
  pollfd input = {enter_ ? 0 : -1, POLLIN, 0};
  if (::poll(&input, 1, 0) > 0) {
    char line[256];
    // The terminal has gone.
    if (::read(0, line, sizeof line) <= 0) enter_ = false;
    return enter_ ? SIGUSR1 : 0;
  }
  const timespec moment = {0, kLookEveryNs};
  return std::max(0, ::sigtimedwait(&signals, nullptr, &moment));
}

ErrorOr<void> Dev::run() {
  TRY_VOID(given_prices(options_.prices));
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::sigaddset(&signals, signal);
  // Before any thread starts, so that all of them leave the signals to this one.
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  TRY_VOID(make_folder(options_.cache));
  TRY(const auto lock, lock_folder(options_.cache, "fogcoin dev"));
  TRY_VOID(load(true));
  for (const std::string& line : service_->not_isolated())
    out_.note("not_isolated", "On this computer " + line);
  enter_ = ::isatty(0) == 1;
  for (int looks = 1;; ++looks) {
    const int signal = wait(signals);
    if (signal == SIGUSR1) show_use();
    if (signal != 0 && signal != SIGUSR1) break;
    show_state();
    if (options_.watch && looks % kFilesEvery == 0) reload_if_changed();
    if (!options_.watch && shown_ == ReplicaPhase::kFailed)
      return fail(ErrorCode::kRejected, "the service cannot run here");
  }
  show_state();
  service_->stop();
  show_use();
  return {};
}

}  // namespace

ErrorOr<void> dev(const HostCommand& command, const cli::DevOptions& options) {
  HostCommand with_node = command;
  if (!command.node.empty()) with_node.options.node = command.node;
  return Dev(with_node, options).run();
}

}  // namespace fog::host
