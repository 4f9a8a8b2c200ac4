// A signer's socket serves one node of its own user at a time, whatever else comes in.
#include "consensus/engine/signer_server.h"

#include <fstream>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/support/signer_world.h"

namespace fog {
namespace {

using signer_wire::Answer;
using signer_wire::Request;
using testing::kBlockA;
using testing::sample_vote;
using testing::test_chain_id;

Deadline patience() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

unsigned mode_of(const std::string& path) {
  struct stat status = {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

class SignerServerTest : public testing::SignerTest {
 protected:
  void SetUp() override {
    SignerTest::SetUp();
    serve();
  }
  UniqueFd connect() {
    auto socket = connect_unix(socket_);
    EXPECT_TRUE(socket) << socket.error().context;
    return *std::move(socket);
  }
  // Nothing: the server has hung up.
  static std::optional<Answer> answer(const UniqueFd& socket) {
    signer_wire::FrameCutter frames;
    for (;;) {
      const auto bytes = receive_until(socket.get(), patience());
      if (!bytes) {
        EXPECT_EQ(bytes.error().code, ErrorCode::kNetwork);
        return std::nullopt;
      }
      frames.push(*bytes);
      Answer message;
      const auto whole = frames.next(message);
      EXPECT_TRUE(whole);
      if (*whole) return message;
    }
  }
  static std::optional<Answer> ask(const UniqueFd& socket, ByteView bytes) {
    EXPECT_TRUE(send_until(socket.get(), bytes, patience()));
    return answer(socket);
  }
  static Bytes hello() {
    return signer_wire::encode_frame(Request(signer_wire::Hello{1, test_chain_id()}));
  }
  // A node finds a signer, at last: one that has hung up may still hold the place for a moment.
  void expect_serves() {
    for (;;) {
      const auto got = ask(connect(), hello());
      ASSERT_TRUE(got);
      if (std::holds_alternative<signer_wire::Welcome>(*got)) return;
      ASSERT_EQ(std::get<signer_wire::Refused>(*got).why, signer_wire::Refusal::kBusy);
    }
  }
};

TEST_F(SignerServerTest, HostileBytesEndTheirConnectionOnly) {
  const auto frame = [](std::uint32_t length, Bytes body) {
    BcsWriter out;
    out.integer(length);
    out.raw(body);
    return std::move(out).take();
  };
  Bytes trailing = hello();
  trailing[0] = static_cast<std::uint8_t>(trailing[0] + 1);
  trailing.push_back(0);
  const std::vector<Bytes> hostile = {
      frame(0, {}),
      frame(0xFFFFFFFF, {1, 2, 3}),
      frame(signer_wire::kFrameBytesMax + 1, Bytes(signer_wire::kFrameBytesMax + 1)),
      frame(1, {0x77}),
      frame(3, {0, 0, 0}),
      frame(5, {0x80, 0x80, 0x80, 0x80, 0x80}),
      trailing,
      signer_wire::encode_frame(Answer(signer_wire::Signed{})),
      Bytes(100'000, 0xEE),
  };
  for (const Bytes& bytes : hostile) {
    const UniqueFd socket = connect();
    // What does not fit any more, after it has hung up, may fail.
    (void)send_until(socket.get(), bytes, patience()).has_value();
    EXPECT_EQ(answer(socket), std::nullopt) << to_hex(ByteView(bytes).first(4));
    expect_serves();
  }
  {
    const UniqueFd half = connect();
    ASSERT_TRUE(send_until(half.get(), ByteView(hello()).first(7), patience()));
  }
  expect_serves();
  EXPECT_EQ(local_->record()->number, 0U);
}

TEST_F(SignerServerTest, PiecesAndSeveralRequestsAtOnceAreAnsweredInOrder) {
  const UniqueFd socket = connect();
  for (const std::uint8_t byte : hello()) {
    ASSERT_TRUE(send_until(socket.get(), ByteView(&byte, 1), patience()));
  }
  EXPECT_TRUE(std::holds_alternative<signer_wire::Welcome>(*answer(socket)));
  Bytes both = hello();
  append(both, signer_wire::encode_frame(Request(signer_wire::SignVote{
                   test_chain_id(), sample_vote(VoteKind::kNotarize, 5, kBlockA)})));
  ASSERT_TRUE(send_until(socket.get(), both, patience()));
  signer_wire::FrameCutter frames;
  std::vector<Answer> answers;
  while (answers.size() < 2) {
    const auto bytes = receive_until(socket.get(), patience());
    ASSERT_TRUE(bytes);
    frames.push(*bytes);
    for (;;) {
      Answer message;
      const auto whole = frames.next(message);
      ASSERT_TRUE(whole);
      if (!*whole) break;
      answers.push_back(message);
    }
  }
  EXPECT_TRUE(std::holds_alternative<signer_wire::Welcome>(answers[0]));
  EXPECT_TRUE(std::holds_alternative<signer_wire::Signed>(answers[1]));
}

TEST_F(SignerServerTest, ASecondNodeIsRefusedUntilTheFirstIsGone) {
  UniqueFd first = connect();
  ASSERT_TRUE(ask(first, hello()));
  const UniqueFd second = connect();
  const auto refused = answer(second);
  ASSERT_TRUE(refused);
  EXPECT_EQ(std::get<signer_wire::Refused>(*refused).why, signer_wire::Refusal::kBusy);
  EXPECT_EQ(answer(second), std::nullopt) << "and let go";
  EXPECT_TRUE(std::holds_alternative<signer_wire::Welcome>(*ask(first, hello())))
      << "the first has noticed nothing";
  first.reset();
  expect_serves();
}

TEST_F(SignerServerTest, OnlyItsUserMayEnter) {
  EXPECT_EQ(mode_of(socket_), 0600U);
  const std::string inner = dir_ / "inner";
  {
    const auto made = listen_unix(inner + "/signer.sock");
    ASSERT_TRUE(made) << made.error().context;
    EXPECT_EQ(mode_of(inner), 0700U) << "made closed to others";
  }
  ASSERT_EQ(::chmod(inner.c_str(), 0750), 0);
  const auto open = listen_unix(inner + "/other.sock");
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, ErrorCode::kPermission);
  EXPECT_NE(open.error().context.find("chmod 700"), std::string::npos);
}

TEST_F(SignerServerTest, ItsPlaceIsTakenFromTheDeadOnly) {
  EXPECT_EQ(listen_unix(socket_).error().code, ErrorCode::kUnavailable) << "somebody serves it";
  const std::string left = dir_ / "left.sock";
  // What a killed process leaves.
  listen_unix(left)->reset();
  EXPECT_EQ(connect_unix(left).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(listen_unix(left));
  const std::string file = dir_ / "file";
  std::ofstream(file) << "precious";
  EXPECT_EQ(listen_unix(file).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(listen_unix(dir_ / std::string(120, 'x')).error().code, ErrorCode::kInvalidInput);
  server_.reset();
  EXPECT_NE(::access(socket_.c_str(), F_OK), 0) << "the server takes its socket with it";
}

TEST_F(SignerServerTest, ARecordThatCannotBeWrittenEndsTheServer) {
  const UniqueFd socket = connect();
  // The server's thread rests until it is asked.
  env_.fail_next_sync();
  const auto refused =
      ask(socket, signer_wire::encode_frame(Request(signer_wire::SignVote{
                      test_chain_id(), sample_vote(VoteKind::kNotarize, 5, kBlockA)})));
  ASSERT_TRUE(refused);
  EXPECT_EQ(std::get<signer_wire::Refused>(*refused).why, signer_wire::Refusal::kBroken);
  EXPECT_EQ(answer(socket), std::nullopt);
  server_.reset();
  EXPECT_TRUE(failed_);
}

}  // namespace
}  // namespace fog
