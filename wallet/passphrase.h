// Where a passphrase comes from: the terminal without echo, a file, or an open descriptor. Never an
// argument or the environment, which other users of the machine can see.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chain/base/error.h"
#include "wallet/secret.h"

namespace fog::wallet {

constexpr std::size_t kPassphraseSizeMax = 1024;

// What the command line said: --passphrase-file, --passphrase-fd, or neither (ask on the terminal).
struct PassphraseSource {
  std::optional<std::string> file;
  std::optional<int> descriptor;
};

// Whether the passphrase is a known one, or a new one that is typed twice on a terminal.
enum class PassphraseUse : std::uint8_t { kKnown, kNew };

// Reads the passphrase from its source. A file or descriptor gives its contents without the final
// line break. Errors:
//   kInvalidInput  both sources named; more than one line; not UTF-8; a new one empty or typed
//                  differently the second time
//   kPermission    the file can be read by others (says the chmod that mends it), or not by us
//   kUnavailable   no terminal to ask on (says which options to use), or the user pressed Ctrl-C
//   kNotFound, kExhausted (above kPassphraseSizeMax bytes), kIo
ErrorOr<SecretText> read_passphrase(const PassphraseSource& source, PassphraseUse use,
                                    std::string_view prompt);

// Asks once on an open terminal; what is typed is not shown, and the terminal's settings are
// restored. Backspace and Ctrl-U edit; Ctrl-C and end of input cancel (kUnavailable).
ErrorOr<SecretText> ask_on_terminal(int terminal, std::string_view prompt);

}  // namespace fog::wallet
