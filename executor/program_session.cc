// One program that a service's owner runs in his container: its input and output over the
// conversation, its end, its time.
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "executor/service_views.h"
#include "executor/worker_frames.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kLastOutputMs = 1'000;
constexpr int kLookEveryMs = 500;

// What the program gets as its standard descriptors, and this side's ends of them.
struct Line {
  UniqueFd input, output, error;  // this side's; error: none of its own with a terminal
  UniqueFd their_in, their_out, their_err;
};

ErrorOr<Line> make_terminal(const Window& window) {
  Line line;
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 64> name{};
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
    return fail_errno("cannot make a terminal");
  }
  const winsize size = {window.rows, window.columns, 0, 0};
  ::ioctl(master.get(), TIOCSWINSZ, &size);
  for (UniqueFd* each : {&line.their_in, &line.their_out, &line.their_err}) {
    each->reset(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!*each) return fail_errno("cannot open a terminal");
  }
  line.input.reset(::fcntl(master.get(), F_DUPFD_CLOEXEC, 3));
  if (!line.input) return fail_errno("cannot copy a terminal's descriptor");
  line.output = std::move(master);
  return line;
}

ErrorOr<Line> make_pipes() {
  Line line;
  TRY(auto in, make_pipe());
  TRY(auto out, make_pipe());
  TRY(auto error, make_pipe());
  line.their_in = std::move(in.first);
  line.input = std::move(in.second);
  line.output = std::move(out.first);
  line.their_out = std::move(out.second);
  line.error = std::move(error.first);
  line.their_err = std::move(error.second);
  return line;
}

class ProgramSession {
 public:
  ProgramSession(Line line, UniqueFd end, ViewChannel& channel)
      : line_(std::move(line)), end_(std::move(end)), channel_(channel) {}

  EndFrame run(const std::atomic<bool>& stopping) {
    for (const UniqueFd* fd : {&line_.input, &line_.output, &line_.error})
      if (*fd) (void)set_nonblocking(fd->get(), true);
    const std::uint64_t since_ns = system_clock().monotonic_ns();
    std::optional<std::uint64_t> ended_ns;
    for (;;) {
      const std::uint64_t now_ns = system_clock().monotonic_ns();
      const bool silent = !line_.output && !line_.error;
      if (status_ && (silent || now_ns - *ended_ns > kLastOutputMs * 1'000'000)) return *status_;
      if (stopping || now_ns - since_ns > kViewMsMax * 1'000'000)
        return failed("the time is over, and the program was ended");
      if (const auto went = turn(); !went) return failed(went.error().context);
      if (status_ && !ended_ns) ended_ns = system_clock().monotonic_ns();
    }
  }

 private:
  static EndFrame failed(const std::string& why) {
    EndFrame end;
    end.why = clean_text<512>(why);
    return end;
  }

  // Waits for whatever comes next and passes it on.
  ErrorOr<void> turn() {
    // What the program does not take holds up what the other side sends.
    const bool takes = input_.empty();
    std::array<pollfd, 5> waits = {
        pollfd{takes ? channel_.socket() : -1, POLLIN, 0},
        pollfd{takes || !line_.input ? -1 : line_.input.get(), POLLOUT, 0},
        pollfd{line_.output ? line_.output.get() : -1, POLLIN, 0},
        pollfd{line_.error ? line_.error.get() : -1, POLLIN, 0},
        pollfd{status_ ? -1 : end_.get(), POLLIN, 0}};
    ::poll(waits.data(), waits.size(), status_ ? 50 : kLookEveryMs);
    if (waits[2].revents != 0) TRY_VOID(pass_on(line_.output, false));
    if (waits[3].revents != 0) TRY_VOID(pass_on(line_.error, true));
    if (waits[4].revents != 0) TRY_VOID(read_end());
    if (waits[1].revents != 0) write_input();
    if (waits[0].revents != 0) TRY_VOID(channel_.read());
    while (input_.empty()) {
      TRY(const auto frame, channel_.next());
      if (!frame) return {};
      TRY_VOID(take(*frame));
    }
    return {};
  }

  ErrorOr<void> pass_on(UniqueFd& from, bool error) {
    ProgramOutputFrame frame;
    frame.error = error;
    frame.bytes.resize(kViewPartMax);
    const ssize_t got = ::read(from.get(), frame.bytes.data(), frame.bytes.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    // A terminal's end is an error of reading.
    if (got <= 0) {
      from.reset();
      return {};
    }
    frame.bytes.resize(static_cast<std::size_t>(got));
    return channel_.send(frame);
  }

  ErrorOr<void> take(const Frame& frame) {
    if (const auto window = decode_frame<WindowFrame>(frame)) {
      const winsize size = {window->window.rows, window->window.columns, 0, 0};
      if (!line_.error && line_.output) ::ioctl(line_.output.get(), TIOCSWINSZ, &size);
      return {};
    }
    TRY(const auto input, decode_frame<ProgramInputFrame>(frame));
    if (!line_.input) return {};
    if (input.bytes.empty()) {
      close_input();
    } else {
      input_ = input.bytes;
      write_input();
    }
    return {};
  }
  // A terminal is told by its own sign.
  void close_input() {
    if (!line_.error && line_.output) {
      input_ = {4};
      write_input();
    }
    input_.clear();
    line_.input.reset();
  }
  void write_input() {
    const ssize_t put = ::write(line_.input.get(), input_.data(), input_.size());
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (put < 0) {
      line_.input.reset();
      input_.clear();
      return;
    }
    input_.erase(input_.begin(), input_.begin() + put);
  }

  ErrorOr<void> read_end() {
    std::array<std::uint8_t, 1'024> part;
    std::vector<UniqueFd> none;
    TRY(const std::size_t got, receive(end_.get(), part, none, MSG_DONTWAIT));
    if (got == 0) return fail(ErrorCode::kUnavailable, "the container has ended");
    reader_.push(ByteView(part).first(got));
    TRY(const auto frame, reader_.next());
    if (!frame) return {};
    TRY(const auto end, decode_frame<ProgramEndFrame>(*frame));
    status_ = failed(end.why);
    status_->status = end.status;
    return {};
  }

  Line line_;
  const UniqueFd end_;
  ViewChannel& channel_;
  FrameReader reader_;
  Bytes input_;                     // that the program has not taken yet
  std::optional<EndFrame> status_;  // it has ended
};

}  // namespace

EndFrame run_program_session(ContainerControl& container, const AskProgramFrame& wanted,
                             ViewChannel& channel, const std::atomic<bool>& stopping) {
  EndFrame refused;
  std::size_t bytes = 0;
  bool text = true;
  for (const std::string& word : wanted.words) {
    bytes += word.size();
    text = text && word.find('\0') == std::string::npos;
  }
  if (wanted.words.empty() || bytes > kCommandBytesMax || !text) {
    refused.why.assign("a command has 1 to 256 words, together at most 32 KiB, without NUL");
    return refused;
  }
  auto line = wanted.window ? make_terminal(*wanted.window) : make_pipes();
  ErrorOr<UniqueFd> end = fail(ErrorCode::kIo, "");
  if (line) {
    ProgramFrame program;
    program.words = wanted.words;
    program.terminal = wanted.window.has_value();
    end =
        container.run(program, line->their_in.get(), line->their_out.get(), line->their_err.get());
  }
  if (!line || !end) {
    refused.why = clean_text<512>((line ? end.error() : line.error()).context);
    return refused;
  }
  for (UniqueFd* theirs : {&line->their_in, &line->their_out, &line->their_err}) theirs->reset();
  return ProgramSession(*std::move(line), *std::move(end), channel).run(stopping);
}

}  // namespace fog::executor
