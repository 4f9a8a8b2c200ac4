// Code is made once for all who wait for it, and on when they have gone: the next one finds it.
#include "executor/compiler.h"

#include <gtest/gtest.h>

#include "executor/worker/wasm_runtime.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

using fog::testing::TempFolder;
using fog::testing::wasm_guest;

class CompilerTest : public ::testing::Test {
 protected:
  CompilerTest()
      : code_(*CodeCache::open(folder_.path() + "/code", Hash32{}, 1 << 30)),
        workers_({"/proc/self/exe"}),
        compiler_(std::make_unique<Compiler>(code_, workers_, cgroups_)) {}

  static CompileJob job_of(const Bytes& artifact) {
    return {sha256(artifact), wasm_profile(), market::RuntimeKind::kWasmCommand, 32 << 20};
  }
  bool is_kept(const Bytes& artifact) const {
    return code_.load(sha256(artifact), wasm_profile()).has_value();
  }

  const TempFolder folder_;
  const CodeCache code_;
  const CgroupRoot cgroups_ = CgroupRoot::find();
  WorkerPool workers_;
  std::unique_ptr<Compiler> compiler_;
};

TEST_F(CompilerTest, GivesCodeAndKeepsIt) {
  const Bytes& guest = wasm_guest("behave");
  const auto code = compiler_->compile(job_of(guest), guest, [] { return true; });
  ASSERT_TRUE(code.has_value()) << code.error().context;
  EXPECT_EQ(*code, *code_.load(sha256(guest), wasm_profile()));
}

TEST_F(CompilerTest, GoesOnWhenNobodyWaits) {
  const Bytes& guest = wasm_guest("behave");
  const auto given_up = compiler_->compile(job_of(guest), guest, [] { return false; });
  if (!given_up) {
    EXPECT_EQ(given_up.error().code, ErrorCode::kUnavailable);
  }
  for (int i = 0; i < 6'000 && !is_kept(guest); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(is_kept(guest));
}

TEST_F(CompilerTest, TellsEveryoneWhoWaitsThatTheArtifactIsAtFault) {
  const Bytes none = to_bytes(as_bytes("no program"));
  std::vector<std::thread> threads;
  std::array<ErrorCode, 6> codes = {};
  for (ErrorCode& code : codes) {
    threads.emplace_back([&] {
      const auto made = compiler_->compile(job_of(none), none, [] { return true; });
      code = made ? ErrorCode::kUnavailable : made.error().code;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const ErrorCode code : codes) EXPECT_EQ(code, ErrorCode::kRejected);
}

// More than go on unwaited for: the first are ended, and who waits gets his code all the same, even
// of one that was.
TEST_F(CompilerTest, WhatNobodyWaitsForIsNoHindrance) {
  std::vector<Bytes> all;
  for (std::uint8_t i = 0; i < 6; ++i) {
    all.push_back(wasm_guest("behave"));
    // A custom section, so that each is another artifact.
    all.back().insert(all.back().end(), {0, 2, 1, i});
    (void)compiler_->compile(job_of(all.back()), all.back(), [] { return false; });
  }
  for (const Bytes& each : all) {
    const auto code = compiler_->compile(job_of(each), each, [] { return true; });
    EXPECT_TRUE(code.has_value()) << code.error().context;
  }
}

// What takes too long is not tried again and again, whoever bids for it.
TEST_F(CompilerTest, RemembersWhatTookTooLong) {
  const Bytes& guest = wasm_guest("behave");
  const auto why = [&](const Bytes& artifact) {
    const auto made = compiler_->compile(job_of(artifact), artifact, [] { return true; });
    if (made) return std::string("compiled");
    EXPECT_EQ(made.error().code, ErrorCode::kRejected);
    EXPECT_LE(made.error().context.size(), 128U) << "a lease is given back with it";
    return made.error().context;
  };
  using std::chrono::milliseconds;
  compiler_ = std::make_unique<Compiler>(code_, workers_, cgroups_,
                                         CompileLimits{milliseconds(0), milliseconds(3'600'000)});
  EXPECT_EQ(why(guest), "takes more than 0 s to compile on this Host");
  EXPECT_EQ(why(guest), "takes more than 0 s to compile on this Host; not tried again for 60 min");
  compiler_ = std::make_unique<Compiler>(code_, workers_, cgroups_,
                                         CompileLimits{milliseconds(0), milliseconds(0)});
  EXPECT_EQ(why(guest), "takes more than 0 s to compile on this Host");
  EXPECT_EQ(why(guest), "takes more than 0 s to compile on this Host") << "it is tried again";
}

TEST_F(CompilerTest, EndsWhatIsUnderWayWhenItGoes) {
  const Bytes& guest = wasm_guest("behave");
  (void)compiler_->compile(job_of(guest), guest, [] { return false; });
  compiler_.reset();
}

}  // namespace
}  // namespace fog::executor
