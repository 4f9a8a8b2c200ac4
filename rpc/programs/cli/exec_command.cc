// fogcoin exec: a program in the container of a replica, with this terminal as its own.
#include <array>
#include <csignal>
#include <poll.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "rpc/programs/cli/host_view_client.h"

namespace fog::cli {
namespace {

using namespace executor;

constexpr int kWindowEveryMs = 300;
constexpr std::uint64_t kLongMs = 86'400'000;  // the Host ends it earlier

struct ExecOptions {
  std::string what;
  std::vector<std::string> words;
  bool terminal = false;
};

std::optional<Window> own_window() {
  winsize size = {};
  if (::ioctl(0, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return Window{size.ws_row, size.ws_col};
}

// Every key goes to the program while this lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(0, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(0, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (changed_) ::tcsetattr(0, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_ = {};
  bool changed_ = false;
};

// Sends standard input, and the window's size when it changes, in a thread of its own.
class InputSender {
 public:
  InputSender(ViewChannel& channel, std::optional<Window> window)
      : channel_(channel),
        window_(window),
        wake_(::eventfd(0, EFD_CLOEXEC)),
        thread_([this] { run(); }) {}
  ~InputSender() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }
  InputSender(const InputSender&) = delete;
  InputSender& operator=(const InputSender&) = delete;

 private:
  void run() {
    bool open = true;
    for (;;) {
      std::array<pollfd, 2> waits = {pollfd{wake_.get(), POLLIN, 0},
                                     pollfd{open ? 0 : -1, POLLIN, 0}};
      ::poll(waits.data(), waits.size(), window_ ? kWindowEveryMs : -1);
      if (waits[0].revents != 0) return;
      if (const auto now = own_window(); window_ && now && *now != *window_) {
        window_ = now;
        if (!channel_.send(WindowFrame{*now})) return;
      }
      if (waits[1].revents == 0) continue;
      ProgramInputFrame frame;
      frame.bytes.resize(kViewPartMax);
      const ssize_t got = ::read(0, frame.bytes.data(), frame.bytes.size());
      if (got < 0 && errno == EINTR) continue;
      frame.bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      open = got > 0;
      // Whoever receives finds out as well.
      if (!channel_.send(frame)) return;
    }
  }

  ViewChannel& channel_;
  std::optional<Window> window_;
  UniqueFd wake_;
  std::thread thread_;
};

ErrorOr<EndFrame> converse(ViewChannel& channel, const std::optional<Window>& window) {
  std::optional<RawTerminal> raw;
  if (window) raw.emplace();
  const InputSender sender(channel, window);
  for (;;) {
    auto frame = channel.wait(kLongMs);
    if (!frame) return Fail{frame.error()};
    if (const auto end = decode_frame<EndFrame>(*frame)) return *end;
    TRY(const auto output, decode_frame<ProgramOutputFrame>(*frame));
    TRY_VOID(write_all(output.error ? 2 : 1, output.bytes));
  }
}

ErrorOr<void> exec(Context& context, const ExecOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::size_t bytes = 0;
  for (const std::string& word : options.words) bytes += word.size();
  if (options.words.size() > CommandWords::kMax || bytes > kCommandBytesMax)
    return fail(ErrorCode::kInvalidInput, "a command has at most 256 words, together 32 KiB");
  AskProgramFrame wanted;
  for (const std::string& word : options.words) {
    if (word.size() > CommandWords::value_type::kMax || !is_utf8(word))
      return fail(ErrorCode::kInvalidInput,
                  "a word of the command is longer than 8 KiB, or not UTF-8");
    wanted.words.emplace_back(word);
  }
  if (options.terminal) {
    wanted.window = own_window();
    if (!wanted.window)
      return fail(ErrorCode::kInvalidInput, "-t needs a terminal, and standard input is none");
  }
  TRY(const auto places, find_replicas(context.node(), options.what));
  if (places.size() != 1) {
    return fail(ErrorCode::kNotFound, places.empty() ? "no replica of " + options.what + " runs now"
                                                     : options.what +
                                                           " has several replicas; name one's "
                                                           "lease: fogcoin lease list --service " +
                                                           options.what);
  }
  TRY(const auto signer, context.signer());
  TRY(auto channel, open_view(places.front(), *signer));
  TRY_VOID(channel.send(wanted));
  TRY(const auto end, converse(channel, wanted.window));
  if (!end.why.empty()) return fail(ErrorCode::kRejected, end.why);
  context.end_with(static_cast<int>(end.status & 0xff));
  return {};
}

}  // namespace

void add_exec_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ExecOptions>();
  auto* command = app.add_subcommand(
      "exec",
      "Runs a program in the container of a replica of yours: fogcoin exec LEASE -- COMMAND");
  command->add_option("LEASE", options->what, "its id, or ID.TERM; or a service with one replica")
      ->required();
  command->add_option("COMMAND", options->words, "the program and its words, after `--`")
      ->required();
  command->add_flag("-t,--tty", options->terminal, "with a terminal, as for a shell");
  command->footer(
      "The exit code is the program's; 1 to 5 can be of fogcoin's own, see fogcoin --help.");
  command->callback(
      [&chosen, options] { chosen.command = [options](Context& c) { return exec(c, *options); }; });
}

}  // namespace fog::cli
