#include "wallet/passphrase.h"

#include <cerrno>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "chain/base/bcs.h"
#include "chain/base/fd.h"
#include "chain/base/secret_file.h"
#include "wallet/private_file.h"

namespace fog::wallet {
namespace {

// One line of text out of what a file or descriptor gave.
ErrorOr<SecretText> one_line(const SecretBytes& contents, std::string_view where) {
  const std::string_view text = without_line_end(as_text(contents.get()));
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} has more than one line; it must hold the passphrase alone", where));
  }
  if (!is_utf8(text)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not UTF-8 text", where));
  }
  return SecretText(std::string(text));
}

ErrorOr<SecretText> from_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    return fail_errno("cannot open the passphrase file", path);
  // A pipe (as from a shell's process substitution) has no readers to fear.
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::kPermission,
                fmt::format("other users can read the passphrase file {0} (mode {1:03o}); run: "
                            "chmod 600 '{0}', and consider the passphrase known to them",
                            path, status.st_mode & 0777U));
  }
  auto contents = read_secret(file.get(), kPassphraseSizeMax);
  if (!contents) return Fail{contents.error().within("passphrase file " + path)};
  return one_line(*contents, "the passphrase file " + path);
}

ErrorOr<SecretText> from_descriptor(int descriptor) {
  const std::string where = fmt::format("descriptor {}", descriptor);
  auto contents = read_secret(descriptor, kPassphraseSizeMax);
  if (!contents) return Fail{contents.error().within("passphrase from " + where)};
  return one_line(*contents, where);
}

// Turns off echo and line editing for its lifetime. Signals from keys are off too, so that Ctrl-C
// cannot leave the terminal without echo.
class QuietTerminal {
 public:
  explicit QuietTerminal(int terminal) : terminal_(terminal) {
    good_ = ::tcgetattr(terminal, &before_) == 0;
    if (!good_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    good_ = ::tcsetattr(terminal, TCSAFLUSH, &quiet) == 0;
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal() {
    if (good_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  bool good() const { return good_; }

 private:
  int terminal_;
  termios before_{};
  bool good_ = false;
};

void show(int terminal, std::string_view text) {
  // A prompt that cannot be shown is no reason to fail.
  [[maybe_unused]] const ssize_t written = ::write(terminal, text.data(), text.size());
}

void erase_last_character(std::string& text) {
  while (!text.empty()) {
    const auto byte = static_cast<std::uint8_t>(text.back());
    text.pop_back();
    if ((byte & 0xC0) != 0x80) return;  // the first byte of a UTF-8 character
  }
}

enum class Typed : std::uint8_t { kMore, kDone, kCancelled };

Typed type(std::string& line, char key) {
  switch (key) {
    case '\r':
    case '\n':
      return Typed::kDone;
    case 0x03:
      return Typed::kCancelled;  // Ctrl-C
    case 0x04:
      return line.empty() ? Typed::kCancelled : Typed::kDone;  // Ctrl-D
    case 0x7F:
    case 0x08:
      erase_last_character(line);
      return Typed::kMore;
    case 0x15:
      line.clear();
      return Typed::kMore;  // Ctrl-U
    default:
      line.push_back(key);
      return Typed::kMore;
  }
}

ErrorOr<SecretText> ask(PassphraseUse use, std::string_view prompt) {
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0) {
    return fail(ErrorCode::kUnavailable,
                "there is no terminal to ask for the passphrase on; give it with "
                "--passphrase-file FILE or --passphrase-fd NUMBER");
  }
  TRY(SecretText first, ask_on_terminal(terminal.get(), prompt));
  if (use == PassphraseUse::kKnown) return first;
  TRY(const SecretText second, ask_on_terminal(terminal.get(), "The same again: "));
  if (first.get() != second.get()) {
    return fail(ErrorCode::kInvalidInput, "the two passphrases differ; try again");
  }
  return first;
}

}  // namespace

ErrorOr<SecretText> ask_on_terminal(int terminal, std::string_view prompt) {
  const QuietTerminal quiet(terminal);
  if (!quiet.good()) return fail(ErrorCode::kUnavailable, "that is not a terminal");
  show(terminal, prompt);
  std::string line;
  line.reserve(kPassphraseSizeMax + 1);
  Typed state = Typed::kMore;
  while (state == Typed::kMore && line.size() <= kPassphraseSizeMax) {
    char key = 0;
    const ssize_t got = ::read(terminal, &key, 1);
    if (got < 0 && errno == EINTR) continue;
    state = got == 1 ? type(line, key) : Typed::kCancelled;
  }
  show(terminal, "\n");
  SecretText out(std::move(line));
  if (state == Typed::kCancelled) return fail(ErrorCode::kUnavailable, "cancelled");
  if (state == Typed::kMore) {
    return fail(ErrorCode::kExhausted,
                fmt::format("a passphrase has at most {} bytes", kPassphraseSizeMax));
  }
  if (!is_utf8(out.get())) return fail(ErrorCode::kInvalidInput, "what was typed is not UTF-8");
  return out;
}

ErrorOr<SecretText> read_passphrase(const PassphraseSource& source, PassphraseUse use,
                                    std::string_view prompt) {
  if (source.file && source.descriptor) {
    return fail(ErrorCode::kInvalidInput,
                "use one of --passphrase-file and --passphrase-fd, not both");
  }
  auto read = source.file         ? from_file(*source.file)
              : source.descriptor ? from_descriptor(*source.descriptor)
                                  : ask(use, prompt);
  if (!read) return read;
  if (use == PassphraseUse::kNew && read->empty()) {
    return fail(ErrorCode::kInvalidInput, "a passphrase must not be empty");
  }
  return read;
}

}  // namespace fog::wallet
