// Programs that do not do as they should.
#include "executor/program.h"

#include <gtest/gtest.h>

#include "chain/base/file.h"
#include "tests/support/temp_dir.h"

namespace fog::executor {
namespace {

ErrorOr<void> run_shell(
    const std::string& script, ProgramLimits limits = {60'000, 1 << 20},
    const std::function<bool()>& go_on = [] { return true; }, const std::string& temp = "/tmp") {
  return run_program({"/bin/sh", "-c", script}, temp, limits, go_on);
}

TEST(Program, IsFoundInTheSystemsFoldersOnly) {
  EXPECT_FALSE(find_program("sh").empty());
  EXPECT_EQ(find_program("there-is-no-such-program"), "");
}

TEST(Program, RunsWithNothingOfOursAround) {
  testing::TempDir dir;
  ASSERT_EQ(::setenv("FOG_SECRET", "1", 1), 0);
  const auto done = run_shell(
      "[ -z \"$FOG_SECRET\" ] && [ \"$TMPDIR\" = " + dir.path() +
          " ] && ! read line && "
          "[ \"$(ls /proc/self/fd | wc -l)\" -le 4 ] && echo yes > " +
          (dir / "out"),
      {60'000, 1 << 20}, [] { return true; }, dir.path());
  EXPECT_TRUE(done.has_value()) << done.error().context;
  EXPECT_EQ(as_text(*read_file(dir / "out", 100)), "yes\n");
}

TEST(Program, SaysHowItFailed) {
  const auto done = run_shell("printf 'some\\033[1m words\\n'; exit 3");
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::kIo);
  EXPECT_NE(done.error().context.find("exit status 3: some [1m words"), std::string::npos)
      << done.error().context;
  const auto killed = run_shell("kill -9 $$");
  ASSERT_FALSE(killed.has_value());
  EXPECT_NE(killed.error().context.find("Killed"), std::string::npos);
  EXPECT_FALSE(run_program({"/nowhere"}, "/tmp", {1'000, 1}, [] { return true; }).has_value());
}

TEST(Program, IsEndedWhenItIsTimeOrTold) {
  const auto late = run_shell("exec sleep 1000", {100, 1});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  int asked = 0;
  const auto told =
      run_shell("while :; do echo line; done", {600'000, 1}, [&] { return ++asked < 3; });
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().code, ErrorCode::kUnavailable);
}

TEST(Program, WritesNoLargerFile) {
  testing::TempDir dir;
  const auto done = run_shell("head -c 100000 /dev/zero > " + (dir / "large"), {60'000, 50'000});
  EXPECT_FALSE(done.has_value());
  EXPECT_LE(std::filesystem::file_size(dir / "large"), 50'000U);
}

}  // namespace
}  // namespace fog::executor
