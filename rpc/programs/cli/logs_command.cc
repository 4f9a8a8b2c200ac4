// fogcoin logs: what a service's replicas write, from the Hosts that run them.
#include <condition_variable>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include "chain/base/clock.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/host_view_client.h"

namespace fog::cli {
namespace {

using namespace executor;

constexpr std::size_t kFollowedMax = 64;
constexpr std::size_t kLineMax = 64 * 1024;
constexpr std::uint64_t kLookEveryMs = 2'000;
constexpr std::uint64_t kQuietMs = 30'000;  // without `follow`, between two parts

struct LogsOptions {
  std::string what;
  std::uint32_t lines = 100;
  bool follow = false;
};

// Prints lines of several replicas, each with its name where there is more than one. Safe from any
// thread.
class LinePrinter {
 public:
  explicit LinePrinter(bool json) : json_(json) {}

  void expect(const ReplicaPlace& place) {
    const std::lock_guard lock(mutex_);
    known_.insert(place.replica);
  }
  void print(const ReplicaPlace& place, std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (json_) {
      std::cout << rpc::compact({{"lease", to_hex0x(place.replica.lease)},
                                 {"term", place.replica.term},
                                 {"host", to_hex0x(place.host)},
                                 {"line", std::string(line)}})
                << "\n";
    } else {
      if (known_.size() > 1) std::cout << mark(place) << " | ";
      std::cout << line << "\n";
    }
    std::cout << std::flush;
  }
  // What is not of the log.
  void say(const ReplicaPlace& place, const std::string& text) {
    const std::lock_guard lock(mutex_);
    std::cerr << "-- " << mark(place) << ": " << text << "\n";
  }

 private:
  static std::string mark(const ReplicaPlace& place) {
    return to_hex(place.replica.lease).substr(0, 8) + "." + std::to_string(place.replica.term) +
           "@" + to_hex(place.host).substr(0, 8);
  }
  std::mutex mutex_;
  std::set<ReplicaId> known_;
  const bool json_;
};

// Cuts parts into lines.
class LineCutter {
 public:
  LineCutter(LinePrinter& printer, const ReplicaPlace& place) : printer_(printer), place_(place) {}
  void take(std::string_view text) {
    rest_ += text;
    std::size_t from = 0;
    for (std::size_t end = 0; (end = rest_.find('\n', from)) != std::string::npos; from = end + 1)
      printer_.print(place_, std::string_view(rest_).substr(from, end - from));
    rest_.erase(0, from);
    if (rest_.size() > kLineMax) finish();
  }
  void finish() {
    if (!rest_.empty()) printer_.print(place_, rest_);
    rest_.clear();
  }

 private:
  LinePrinter& printer_;
  const ReplicaPlace& place_;
  std::string rest_;
};

// Asks once and prints what comes until it ends; moves `after` on.
ErrorOr<void> read_log(const ReplicaPlace& place, wallet::Signer& signer, AskLogFrame wanted,
                       std::optional<LogPlace>& after, LineCutter& lines,
                       const std::atomic<bool>& stopping) {
  TRY(auto channel, open_view(place, signer));
  wanted.after = after;
  TRY_VOID(channel.send(wanted));
  while (!stopping) {
    auto frame = channel.wait(wanted.follow ? 1'000 : kQuietMs);
    if (!frame && wanted.follow && frame.error().code == ErrorCode::kTimeout) continue;
    if (!frame) return Fail{frame.error()};
    if (const auto part = decode_frame<LogPartFrame>(*frame)) {
      lines.take(as_text(part->text));
      after = part->until;
      continue;
    }
    TRY(const auto end, decode_frame<EndFrame>(*frame));
    if (end.why.empty()) return {};
    return fail(ErrorCode::kUnavailable, end.why);
  }
  return {};
}

// One replica, again and again, until it is said to be over.
class Follower {
 public:
  Follower(ReplicaPlace place, wallet::Signer& signer, std::uint32_t lines, LinePrinter& printer)
      : place_(std::move(place)),
        signer_(signer),
        lines_(lines),
        printer_(printer),
        thread_([this] { run(); }) {}
  ~Follower() {
    stop();
    thread_.join();
  }
  void stop() {
    stopping_ = true;
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

 private:
  void run() {
    LineCutter cutter(printer_, place_);
    std::optional<LogPlace> after;
    std::string said;
    for (std::uint64_t pause_ms = 1'000; !stopping_;
         pause_ms = std::min(2 * pause_ms, kMaxPauseMs)) {
      AskLogFrame wanted;
      wanted.lines = lines_;
      wanted.follow = true;
      const auto before = after;
      const auto read = read_log(place_, signer_, wanted, after, cutter, stopping_);
      if (after != before) pause_ms = 1'000;
      if (!read && !stopping_ && read.error().context != said)
        printer_.say(place_, (said = read.error().context) + "; it is tried again");
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(pause_ms),
                        [&] { return stopping_.load(); });
    }
    cutter.finish();
  }
  static constexpr std::uint64_t kMaxPauseMs = 10'000;

  const ReplicaPlace place_;
  wallet::Signer& signer_;
  const std::uint32_t lines_;
  LinePrinter& printer_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

ErrorOr<void> show_once(const LogsOptions& options, const std::vector<ReplicaPlace>& places,
                        wallet::Signer& signer, LinePrinter& printer) {
  const std::atomic<bool> never = false;
  std::optional<Error> failed;
  for (const ReplicaPlace& place : places) {
    LineCutter cutter(printer, place);
    AskLogFrame wanted;
    wanted.lines = options.lines;
    std::optional<LogPlace> after;
    const auto read = read_log(place, signer, wanted, after, cutter, never);
    cutter.finish();
    if (read) continue;
    if (places.size() > 1) printer.say(place, read.error().context);
    failed = read.error();
  }
  if (failed) return Fail{*failed};
  return {};
}

// What runs is followed, wherever it moves to, for ever.
ErrorOr<void> follow(Context& context, const LogsOptions& options, wallet::Signer& signer,
                     LinePrinter& printer) {
  std::map<ReplicaId, std::unique_ptr<Follower>> followed;
  std::string said;
  for (bool first = true;; first = false) {
    const auto places = find_replicas(context.node(), options.what);
    if (!places && first) return Fail{places.error()};
    if (!places && places.error().context != said)
      std::cerr << "-- " << (said = places.error().context) << "; it is tried again\n";
    std::set<ReplicaId> now;
    for (const ReplicaPlace& place : places ? *places : std::vector<ReplicaPlace>()) {
      now.insert(place.replica);
      if (followed.contains(place.replica) || followed.size() >= kFollowedMax) continue;
      printer.expect(place);
      if (!first) printer.say(place, "runs now");
      // Of what began meanwhile, all of it.
      followed.emplace(place.replica,
                       std::make_unique<Follower>(place, signer,
                                                  first ? options.lines : kViewLinesMax, printer));
    }
    for (auto it = followed.begin(); places && it != followed.end();)
      it = now.contains(it->first) ? std::next(it) : followed.erase(it);
    std::this_thread::sleep_for(std::chrono::milliseconds(kLookEveryMs));
  }
}

ErrorOr<void> logs(Context& context, const LogsOptions& options) {
  TRY(const auto signer, context.signer());
  LinePrinter printer(context.options().json);
  if (options.follow) return follow(context, options, *signer, printer);
  TRY(const auto places, find_replicas(context.node(), options.what));
  if (places.empty())
    return fail(ErrorCode::kNotFound, "no replica of " + options.what + " runs now");
  for (const ReplicaPlace& place : places) printer.expect(place);
  return show_once(options, places, *signer, printer);
}

}  // namespace

void add_logs_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<LogsOptions>();
  auto* command = app.add_subcommand(
      "logs", "What a service's replicas write to standard error, from the Hosts that run them");
  command
      ->add_option("SERVICE|LEASE", options->what,
                   "a service: all its replicas; or a lease: its "
                   "id, or ID.TERM")
      ->required();
  command->add_option("-n,--lines", options->lines, "so many of what is there, from each replica")
      ->check(CLI::Range(0U, kViewLinesMax))
      ->capture_default_str();
  command->add_flag(
      "-f,--follow", options->follow,
      "go on with what comes, also of replicas that are started elsewhere; Ctrl-C ends");
  command->callback(
      [&chosen, options] { chosen.command = [options](Context& c) { return logs(c, *options); }; });
}

}  // namespace fog::cli
