// A signer in another process may be away, silent, killed at any moment or lie: the node then has
// no vote, and has it again when the signer is back.
#include "consensus/engine/remote_signer.h"

#include <poll.h>
#include <thread>

#include <gmock/gmock.h>
#include <sys/socket.h>

#include "tests/support/signer_world.h"

namespace fog {
namespace {

using signer_wire::Answer;
using signer_wire::Request;
using testing::kBlockA;
using testing::kBlockB;
using testing::nullify_vote;
using testing::record_at_link;
using testing::sample_vote;
using testing::TestKey;

class RemoteSignerTest : public testing::SignerTest {
 protected:
  static std::unique_ptr<RemoteSigner> open(const RemoteSignerOptions& options) {
    auto opened = RemoteSigner::open(options);
    EXPECT_TRUE(opened) << opened.error().context;
    return *std::move(opened);
  }
  static Error open_fails(const RemoteSignerOptions& options) {
    const auto opened = RemoteSigner::open(options);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }

  // Serves connections one after the other with what `answer` makes of each request; nothing: hangs
  // up. `connections`: so many, then it is gone.
  void serve_badly(std::function<std::optional<Answer>(const Request&)> answer,
                   std::size_t connections = 1) {
    auto listener = listen_unix(socket_);
    ASSERT_TRUE(listener) << listener.error().context;
    bad_ = std::jthread([listener = *std::move(listener), answer = std::move(answer), connections] {
      const auto patience = [] {
        return std::chrono::steady_clock::now() + std::chrono::minutes(1);
      };
      for (std::size_t i = 0; i < connections; ++i) {
        pollfd entry = {listener.get(), POLLIN, 0};
        if (::poll(&entry, 1, 60'000) != 1) return;
        const UniqueFd socket(::accept(listener.get(), nullptr, nullptr));
        signer_wire::FrameCutter frames;
        for (;;) {
          const auto bytes = receive_until(socket.get(), patience());
          if (!bytes) break;
          frames.push(*bytes);
          Request request;
          const auto whole = frames.next(request);
          if (!whole || !*whole) continue;
          const auto said = answer(request);
          if (!said) break;
          (void)send_until(socket.get(), signer_wire::encode_frame(*said), patience()).has_value();
        }
      }
    });
  }
  // Honest to a greeting.
  auto greeting_then(std::function<std::optional<Answer>(const Request&)> then) {
    const auto service = std::make_shared<SignerService>(*local_);
    return [service, then](const Request& request) -> std::optional<Answer> {
      if (std::holds_alternative<signer_wire::Hello>(request)) return service->answer(request);
      return then(request);
    };
  }
  std::jthread bad_;
};

TEST_F(RemoteSignerTest, MayComeLaterWhenItsKeyIsKnown) {
  const auto remote = open(remote_options());
  EXPECT_EQ(remote->key(), key_.secret.x_only_key());
  EXPECT_EQ(remote->record(), std::nullopt);
  EXPECT_FALSE(remote->is_reached());
  const Vote vote = sample_vote(VoteKind::kNotarize, 5, kBlockA);
  EXPECT_EQ(remote->sign(vote, 0).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(remote->reveal(record_at_link(0)).error().code, ErrorCode::kUnavailable);
  serve();
  expect_verifies(vote, sign_at_last(*remote, vote));
  EXPECT_TRUE(remote->is_reached());
  EXPECT_EQ(remote->record()->view, 5U);
}

TEST_F(RemoteSignerTest, MustBeThereWhenItsKeyIsNotKnown) {
  RemoteSignerOptions options = remote_options();
  options.key.reset();
  options.first_wait_ms = 0;
  EXPECT_EQ(open_fails(options).code, ErrorCode::kUnavailable);
  serve();
  options.first_wait_ms = 20'000;
  EXPECT_EQ(open(options)->key(), key_.secret.x_only_key());
}

// The signer may have refused and hung up before the node has said a word.
TEST_F(RemoteSignerTest, ASecondNodeIsAlwaysToldWhy) {
  serve();
  const auto first = open(remote_options());
  ASSERT_TRUE(first->is_reached());
  RemoteSignerOptions options = remote_options();
  options.key.reset();
  options.first_wait_ms = 0;
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_THAT(open_fails(options).context, ::testing::HasSubstr("another node is connected"));
  }
}

TEST_F(RemoteSignerTest, AnotherValidatorsOrChainsIsRefused) {
  serve();
  RemoteSignerOptions options = remote_options();
  options.key = TestKey(2).secret.x_only_key();
  EXPECT_EQ(open_fails(options).code, ErrorCode::kInvalidInput);
  options = remote_options();
  options.chain_id = Hash32{};
  for (int i = 0; i < 2; ++i) {
    // The connection before may hold its place for a moment; with a key that is no error.
    options.key.reset();
    EXPECT_EQ(open_fails(options).code, ErrorCode::kInvalidInput);
  }
  options = remote_options();
  options.path = dir_ / std::string(200, 'x');
  EXPECT_EQ(open_fails(options).code, ErrorCode::kInvalidInput);
}

TEST_F(RemoteSignerTest, ServesAgainAfterEveryRestart) {
  const auto remote = open(remote_options());
  for (std::uint64_t view = 1; view <= 5; ++view) {
    serve();
    const Vote vote = sample_vote(VoteKind::kNotarize, view, kBlockA);
    expect_verifies(vote, sign_at_last(*remote, vote));
    server_.reset();
    open_local();
    EXPECT_EQ(remote->sign(nullify_vote(view + 1), 0).error().code, ErrorCode::kUnavailable);
    EXPECT_FALSE(remote->is_reached());
    EXPECT_EQ(remote->record()->view, view) << "what it last said is still known";
  }
}

TEST_F(RemoteSignerTest, KilledBetweenRequestAndAnswerItSaysTheSameAgain) {
  const Vote vote = sample_vote(VoteKind::kNotarize, 5, kBlockA);
  // It has signed, the record is on disk, and nobody has heard.
  serve_badly(greeting_then([this](const Request& request) -> std::optional<Answer> {
    SignerService(*local_).answer(request);
    return std::nullopt;
  }));
  const auto remote = open(remote_options());
  EXPECT_EQ(remote->sign(vote, 0).error().code, ErrorCode::kUnavailable);
  bad_ = {};
  open_local();
  EXPECT_EQ(local_->record()->view, 5U) << "the record survives";
  serve();
  EXPECT_EQ(sign_at_last(*remote, sample_vote(VoteKind::kNotarize, 5, kBlockB)).error().code,
            ErrorCode::kRejected)
      << "what it has signed binds it, heard or not";
  expect_verifies(vote, sign_at_last(*remote, vote));
}

TEST_F(RemoteSignerTest, SilenceCostsOneDeadlineAndAFreshConnection) {
  std::atomic<int> asked{0};
  std::atomic<bool> release{false};
  serve_badly(greeting_then([&](const Request&) -> std::optional<Answer> {
    ++asked;
    while (!release) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return signer_wire::Signed{};
  }));
  RemoteSignerOptions options = remote_options();
  options.deadline_ms = 30;
  options.key.reset();  // it is waited for at the start
  const auto remote = open(options);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(remote->sign(nullify_vote(5), 0).error().code, ErrorCode::kUnavailable);
  release = true;
  bad_ = {};
  EXPECT_EQ(asked, 1) << "later calls do not wait for it";
}

TEST_F(RemoteSignerTest, WhatDoesNotVerifyIsNotHandedOn) {
  std::atomic<int> lies{0};
  serve_badly(greeting_then([&](const Request& request) -> std::optional<Answer> {
                ++lies;
                if (std::holds_alternative<signer_wire::SignVote>(request))
                  return signer_wire::Signed{};
                return signer_wire::Revealed{BeaconReveal{kBlockA, std::nullopt}};
              }),
              2);
  const auto remote = open(remote_options());
  EXPECT_EQ(remote->sign(nullify_vote(5), 0).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(remote->record()->number, 0U);
  while (lies < 2)
    EXPECT_EQ(remote->reveal(record_at_link(0)).error().code, ErrorCode::kUnavailable);
  bad_ = {};
}

TEST_F(RemoteSignerTest, AnAnswerToAnotherQuestionEndsTheConnection) {
  serve_badly(greeting_then([&](const Request&) -> std::optional<Answer> {
    return signer_wire::Welcome{*local_->record()};
  }));
  const auto remote = open(remote_options());
  EXPECT_EQ(remote->sign(nullify_vote(5), 0).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(remote->is_reached());
}

}  // namespace
}  // namespace fog
