// A passphrase is read from a safe place only, exactly as it was written there.
#include "wallet/passphrase.h"

#include <fstream>
#include <pty.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace fog::wallet {
namespace {

using testing::TempDir;

class PassphraseFile : public ::testing::Test {
 protected:
  ErrorOr<SecretText> read(std::string_view contents, mode_t mode = 0600,
                           PassphraseUse use = PassphraseUse::kKnown) {
    const std::string path = dir_ / "pass";
    std::ofstream(path, std::ios::binary) << contents;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return read_passphrase({path, std::nullopt}, use, "");
  }
  TempDir dir_;
};

TEST_F(PassphraseFile, GivesItsOneLine) {
  EXPECT_EQ(read("correct horse\n")->get(), "correct horse");
  EXPECT_EQ(read("correct horse")->get(), "correct horse");
  EXPECT_EQ(read("correct horse\r\n")->get(), "correct horse");
  EXPECT_EQ(read(" spaces stay \n")->get(), " spaces stay ");
  EXPECT_EQ(read("caf\xc3\xa9\n", 0400)->get(), "caf\xc3\xa9");
  EXPECT_EQ(read("")->get(), "");
}

TEST_F(PassphraseFile, RefusesWhatIsNotOneLineOfText) {
  for (const std::string_view text : {"two\nlines", "two\nlines\n", "a\n\n", "\xff\xfe"}) {
    const auto result = read(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidInput);
  }
  EXPECT_TRUE(read(std::string(kPassphraseSizeMax, 'x')));
  EXPECT_EQ(read(std::string(kPassphraseSizeMax + 1, 'x')).error().code, ErrorCode::kExhausted);
}

TEST_F(PassphraseFile, RefusesFilesThatOthersCanReadAndSaysWhatToDo) {
  for (const mode_t mode : {0640U, 0604U, 0660U, 0644U, 0666U, 0610U, 0602U}) {
    const auto result = read("secret", mode);
    ASSERT_FALSE(result) << std::oct << mode;
    EXPECT_EQ(result.error().code, ErrorCode::kPermission);
    EXPECT_NE(result.error().context.find("chmod 600"), std::string::npos);
    EXPECT_EQ(result.error().context.find("secret"), std::string::npos);
  }
}

TEST_F(PassphraseFile, ANewPassphraseIsNotEmpty) {
  EXPECT_EQ(read("\n", 0600, PassphraseUse::kNew).error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(read("x\n", 0600, PassphraseUse::kNew));
}

TEST_F(PassphraseFile, AMissingFileIsSaid) {
  const auto result = read_passphrase({dir_ / "none", std::nullopt}, PassphraseUse::kKnown, "");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
}

TEST(PassphraseDescriptor, IsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "from ", 5), 5);
  std::thread writer([&] {
    ASSERT_EQ(::write(ends[1], "a pipe\n", 7), 7);
    ::close(ends[1]);
  });
  const auto result = read_passphrase({std::nullopt, ends[0]}, PassphraseUse::kKnown, "");
  writer.join();
  ::close(ends[0]);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->get(), "from a pipe");
}

TEST(PassphraseDescriptor, MustBeOpen) {
  EXPECT_EQ(read_passphrase({std::nullopt, 9999}, PassphraseUse::kKnown, "").error().code,
            ErrorCode::kIo);
}

TEST(PassphraseSource, IsOneOrTheOther) {
  EXPECT_EQ(read_passphrase({"file", 3}, PassphraseUse::kKnown, "").error().code,
            ErrorCode::kInvalidInput);
}

// What a person at a terminal types, and what the screen then shows.
struct Terminal {
  Terminal() {
    EXPECT_EQ(::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr), 0);
    EXPECT_EQ(::tcgetattr(terminal, &before), 0);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    ::close(keyboard);
    ::close(terminal);
  }
  ErrorOr<SecretText> ask(std::string_view typed) {
    std::thread person([&] {
      // The prompt is written after echo is off and old input is thrown away: then it is safe to
      // type.
      while (screen.find("Passphrase: ") == std::string::npos) look();
      EXPECT_EQ(::write(keyboard, typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
    });
    auto result = ask_on_terminal(terminal, "Passphrase: ");
    person.join();
    look();
    return result;
  }
  void look() {
    char buffer[256];
    const ssize_t got = ::read(keyboard, buffer, sizeof(buffer));
    if (got > 0) screen.append(buffer, static_cast<std::size_t>(got));
  }
  bool is_restored() {
    termios now{};
    EXPECT_EQ(::tcgetattr(terminal, &now), 0);
    return now.c_lflag == before.c_lflag;
  }

  int keyboard = -1;
  int terminal = -1;
  termios before{};
  std::string screen;
};

TEST(PassphraseTerminal, IsTypedUnseenAndTheTerminalIsRestored) {
  Terminal t;
  const auto result = t.ask("correct horse\n");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->get(), "correct horse");
  EXPECT_EQ(t.screen.find("horse"), std::string::npos);
  EXPECT_TRUE(t.is_restored());
}

TEST(PassphraseTerminal, CanBeCorrected) {
  EXPECT_EQ(Terminal()
                .ask("corrext\x7f\x7f"
                     "ct\r")
                ->get(),
            "correct");
  EXPECT_EQ(Terminal()
                .ask("caf\xc3\xa9\x7f"
                     "e\n")
                ->get(),
            "cafe")
      << "a whole character";
  EXPECT_EQ(Terminal()
                .ask("nonsense\x15"
                     "sense\n")
                ->get(),
            "sense");
  EXPECT_EQ(Terminal().ask("\x7f\x7f\n")->get(), "");
}

TEST(PassphraseTerminal, CanBeCancelledAndIsRestoredThen) {
  for (const std::string_view key : {"abc\x03", "\x04"}) {
    Terminal t;
    const auto result = t.ask(key);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(t.is_restored());
  }
  EXPECT_EQ(Terminal().ask("abc\x04")->get(), "abc") << "Ctrl-D after text ends it";
}

TEST(PassphraseTerminal, MustBeOne) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(ask_on_terminal(ends[0], "").error().code, ErrorCode::kUnavailable);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace fog::wallet
