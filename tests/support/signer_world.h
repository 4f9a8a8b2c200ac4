// A validator's key with its record on a disk in memory, for tests of signers.
#pragma once

#include <gtest/gtest.h>

#include "consensus/engine/local_signer.h"
#include "consensus/engine/remote_signer.h"
#include "consensus/engine/signer_server.h"
#include "tests/support/chain_samples.h"
#include "tests/support/fault_env.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_chain.h"
#include "tests/support/test_node.h"

namespace fog::testing {

inline const BlockId kBlockA = sha256(as_bytes("a"));
inline const BlockId kBlockB = sha256(as_bytes("b"));

inline Vote nullify_vote(std::uint64_t view) {
  Vote vote;
  vote.view = view;
  vote.kind = VoteKind::kNullify;
  return vote;
}

// The test key's first beacon chain, computed once.
inline std::shared_ptr<const BeaconChain> test_beacon_chain() {
  static const auto chain =
      std::make_shared<const BeaconChain>(beacon_seed(test_validator_key().beacon_secret, 0));
  return chain;
}
// The validator's record with so many links revealed.
inline ValidatorRecord record_at_link(std::uint32_t revealed) {
  ValidatorRecord record;
  record.key = test_validator_key().secret.x_only_key();
  record.beacon_remaining = kBeaconChainLength - revealed;
  record.beacon_tip =
      revealed == 0 ? test_beacon_chain()->commitment() : test_beacon_chain()->link(revealed - 1);
  return record;
}

class SignerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(VoteGuard::create(env_, "d/votes", test_chain_id(), key_.secret.x_only_key()));
    open_local();
  }
  // From what is on disk.
  void open_local() {
    local_.reset();
    auto guard = VoteGuard::open(env_, "d/votes", test_chain_id(), key_.secret);
    ASSERT_TRUE(guard) << guard.error().context;
    local_ = std::make_unique<LocalSigner>(key_, *std::move(guard), test_beacon_chain());
  }
  void serve() {
    SignerServerOptions options;
    options.path = socket_;
    options.on_failure = [this](const Error&) { failed_ = true; };
    auto server = SignerServer::start(*local_, options);
    ASSERT_TRUE(server) << server.error().context;
    server_ = *std::move(server);
  }
  // Votes may wait long: these tests are not about time.
  RemoteSignerOptions remote_options() const {
    RemoteSignerOptions options;
    options.path = socket_;
    options.chain_id = test_chain_id();
    options.key = key_.secret.x_only_key();
    options.deadline_ms = 20'000;
    return options;
  }
  void expect_verifies(const Vote& vote, const ErrorOr<ValidatorSignature>& signature) const {
    ASSERT_TRUE(signature) << signature.error().context;
    EXPECT_TRUE(verify_schnorr(key_.secret.x_only_key(), vote_digest(test_chain_id(), vote),
                               signature->signature));
  }
  // As a replica does: asks again while the signer is not there.
  static ErrorOr<ValidatorSignature> sign_at_last(Signer& signer, const Vote& vote) {
    for (;;) {
      auto signature = signer.sign(vote, 0);
      if (signature || signature.error().code != ErrorCode::kUnavailable) return signature;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  TempDir dir_;
  const std::string socket_ = dir_ / "signer.sock";
  FaultEnv env_;
  const ValidatorKey key_ = test_validator_key();
  std::unique_ptr<LocalSigner> local_;
  std::atomic<bool> failed_{false};
  std::unique_ptr<SignerServer> server_;
};

}  // namespace fog::testing
