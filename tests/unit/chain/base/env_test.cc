// Files do what env.h says, on the real disk; the disk in memory that later tests break does the
// same.
#include "chain/base/env.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/fault_env.h"
#include "tests/support/temp_dir.h"

namespace fog {
namespace {

using testing::FaultEnv;
using testing::SeededRng;
using testing::TempDir;
using testing::Unsynced;

// The same story on both.
class EnvTest : public ::testing::TestWithParam<bool> {
 protected:
  Env& env() { return GetParam() ? system_env() : static_cast<Env&>(fault_env_); }
  TempDir dir_;
  FaultEnv fault_env_;
};
INSTANTIATE_TEST_SUITE_P(All, EnvTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "system" : "fault"; });

TEST_P(EnvTest, AppendsReadsAndTruncates) {
  const std::string path = dir_ / "log";
  {
    auto file = env().open_append(path);
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->append(as_bytes("hello ")));
    EXPECT_TRUE((*file)->append(as_bytes("world")));
    EXPECT_TRUE((*file)->sync());
  }
  {
    // Opening again goes on at the end.
    auto file = env().open_append(path);
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->append(as_bytes("!")));
  }
  auto reader = env().open_read(path);
  ASSERT_TRUE(reader);
  EXPECT_EQ(*(*reader)->size(), 12U);
  EXPECT_EQ(as_text(*(*reader)->read_at(6, 5)), "world");
  EXPECT_EQ(as_text(*(*reader)->read_at(6, 500)), "world!") << "fewer bytes at the end";
  EXPECT_TRUE((*(*reader)->read_at(500, 5)).empty());

  ASSERT_TRUE(env().truncate(path, 5));
  EXPECT_EQ(as_text(*read_file(env(), path, 100)), "hello");
  EXPECT_EQ(read_file(env(), path, 4).error().code, ErrorCode::kExhausted);
}

TEST_P(EnvTest, SaysWhatIsMissing) {
  const auto missing = env().open_read(dir_ / "nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().context.find("nothing"), std::string::npos);
  EXPECT_EQ(env().open_slots(dir_ / "nothing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(env().remove(dir_ / "nothing").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(*env().exists(dir_ / "nothing"));
}

TEST_P(EnvTest, WritesInPlace) {
  const std::string path = dir_ / "slots";
  ASSERT_TRUE(env().create_file(path, as_bytes("aaaabbbb"), FileMode::kPrivate));
  EXPECT_EQ(env().create_file(path, as_bytes("x"), FileMode::kPrivate).error().code,
            ErrorCode::kAlreadyExists);
  auto slots = env().open_slots(path);
  ASSERT_TRUE(slots);
  EXPECT_TRUE((*slots)->write_at(4, as_bytes("cc")));
  EXPECT_TRUE((*slots)->sync());
  EXPECT_EQ(as_text(*read_file(env(), path, 100)), "aaaaccbb");
  EXPECT_FALSE(*env().is_open_to_others(path)) << "a private file is for its owner";
}

TEST_P(EnvTest, ReplacesAFileAsOneStep) {
  const std::string path = dir_ / "config";
  ASSERT_TRUE(write_file_atomic(env(), path, as_bytes("one"), FileMode::kShared));
  ASSERT_TRUE(write_file_atomic(env(), path, as_bytes("two"), FileMode::kShared));
  EXPECT_EQ(as_text(*read_file(env(), path, 100)), "two");
  EXPECT_TRUE(*env().is_open_to_others(path));
  EXPECT_EQ(*env().list_dir(dir_.path()), std::vector<std::string>{"config"})
      << "nothing left over";
}

TEST_P(EnvTest, ALockIsHeldOnce) {
  auto first = env().lock(dir_ / "lock");
  ASSERT_TRUE(first);
  EXPECT_EQ(env().lock(dir_ / "lock").error().code, ErrorCode::kUnavailable);
  (*first).reset();
  EXPECT_TRUE(env().lock(dir_ / "lock"));
}

TEST(SystemEnv, MakesAndListsDirectories) {
  TempDir dir;
  Env& env = system_env();
  ASSERT_TRUE(env.make_dir(dir / "a/b/c"));
  ASSERT_TRUE(env.make_dir(dir / "a/b/c")) << "a second time is no error";
  ASSERT_TRUE(env.create_file(dir / "a/b/z", {}, FileMode::kShared));
  EXPECT_EQ(*env.list_dir(dir / "a/b"), (std::vector<std::string>{"c", "z"}));
  EXPECT_TRUE(env.sync_dir(dir / "a/b"));
  EXPECT_EQ(env.make_dir(dir / "a/b/z").error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(env.list_dir(dir / "q").error().code, ErrorCode::kNotFound);
}

TEST(FaultEnv, AFullDiskTakesAPrefix) {
  FaultEnv env;
  auto file = env.open_append("d/log");
  env.fill_up_after(4);
  EXPECT_EQ((*file)->append(as_bytes("abcdef")).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(as_text(env.contents("d/log")), "abcd");
  env.free_space();
  EXPECT_TRUE((*file)->append(as_bytes("gh")));
  EXPECT_EQ(as_text(env.contents("d/log")), "abcdgh");
}

TEST(FaultEnv, APowerFailureLosesWhatWasNotSynced) {
  FaultEnv env;
  SeededRng rng(1);
  auto file = env.open_append("d/log");
  ASSERT_TRUE((*file)->append(as_bytes("kept")));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(env.sync_dir("d"));
  ASSERT_TRUE((*file)->append(as_bytes("lost")));
  ASSERT_TRUE(env.create_file("d/new", as_bytes("x"), FileMode::kShared));
  env.crash();
  EXPECT_FALSE((*file)->append(as_bytes("x")));
  env.reboot(Unsynced::kLost, rng);
  EXPECT_EQ(as_text(env.contents("d/log")), "kept");
  EXPECT_FALSE(*env.exists("d/new")) << "its directory was not synced";
}

TEST(ParentDir, IsWhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(parent_dir("a/b/c"), "a/b");
  EXPECT_EQ(parent_dir("a"), ".");
  EXPECT_EQ(parent_dir("/a"), "/");
}

}  // namespace
}  // namespace fog
