// Blocks and epochs: the last block of an epoch always writes and names the next set; certificates
// of the parent are checked and counted.
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace fog {
namespace {

using testing::make_transfer;
using testing::TestKey;
using testing::TestLedger;

constexpr std::uint64_t kLength = 4;

class EpochBlock : public ::testing::Test {
 protected:
  static Genesis make_genesis(const std::vector<TestKey>& keys) {
    Genesis genesis = testing::test_genesis({TestKey{1}}, 1'000 * kDropletsPerFog);
    genesis.params.epoch_length = kLength;
    for (const TestKey& key : keys) {
      if (key.secret.x_only_key() == genesis.validators[0].key) continue;
      genesis.validators.push_back({key.secret.x_only_key(), TestKey{902}.address,
                                    Amount{testing::kTestStake}, sha256(key.secret.x_only_key())});
    }
    return genesis;
  }
  SignedTx transfer() const { return ledger.tx(alice, {make_transfer(alice.address, 1)}); }
  // A certificate of the next block's parent, signed by those places of the set.
  Certificate certificate(std::initializer_list<std::uint8_t> signers,
                          VoteKind kind = VoteKind::kNotarize) const {
    Certificate out;
    out.vote = Vote{epoch_of(ledger.height + 1, kLength), 7, kind, 6, ledger.parent};
    sign(out, signers);
    return out;
  }
  void sign(Certificate& out, std::initializer_list<std::uint8_t> signers) const {
    out.signatures.clear();
    for (const std::uint8_t index : signers) {
      out.signatures.push_back({index, validators[index].secret.sign_schnorr(
                                           vote_digest(ledger.chain_id, out.vote), Hash32{})});
    }
  }
  Block carrying(const std::optional<Certificate>& carried) const {
    Block block = ledger.make_block({transfer()});
    block.certificate = carried;
    block.header.certificate_hash = certificate_hash(carried);
    return block;
  }
  Fault verdict(const Block& block) const {
    const auto result = ledger.execute(block);
    return result ? Fault::kNone : result.error();
  }
  void commit(const Block& block) {
    const auto result = ledger.execute(block);
    ASSERT_TRUE(result.has_value()) << fault_name(result.error());
    ledger.commit(block.header, result->changes);
  }
  EpochTally tally() const { return *load<EpochTally>(ledger.state, epoch_tally_key()); }

  TestKey alice{1};
  std::vector<TestKey> validators{TestKey{900}, TestKey{911}, TestKey{912}, TestKey{913}};
  TestLedger ledger{make_genesis(validators)};
};

TEST_F(EpochBlock, TheLastBlockOfAnEpochNamesTheNextSetAndBeginsTheNextEpoch) {
  const EpochRecord first = load_epoch(ledger.state);
  EXPECT_EQ(first, (EpochRecord{0, ledger.chain_id, testing::kGenesisTimeMs}));
  for (std::uint64_t height = 1; height < kLength; ++height) {
    const Block block = carrying({});
    EXPECT_FALSE(block.header.next_validators_hash.has_value());
    Block early = block;
    early.header.next_validators_hash = early.header.validators_hash;
    EXPECT_EQ(verdict(early), Fault::kBlockBadNextValidators);
    commit(block);
  }
  const Block last = carrying({});
  Block silent = last;
  silent.header.next_validators_hash.reset();
  EXPECT_EQ(verdict(silent), Fault::kBlockBadNextValidators);
  Block other = last;
  other.header.next_validators_hash->data[0] ^= 1;
  EXPECT_EQ(verdict(other), Fault::kBlockBadNextValidators);
  commit(last);

  const EpochRecord second = load_epoch(ledger.state);
  EXPECT_EQ(second.epoch, 1U);
  EXPECT_EQ(second.leader_seed, load<Beacon>(ledger.state, beacon_key())->value);
  EXPECT_EQ(second.started_ms, last.header.time_ms);
  EXPECT_EQ(tally().blocks, 0U);

  Block old = carrying({});
  EXPECT_EQ(old.header.epoch, 1U);
  old.header.epoch = 0;
  EXPECT_EQ(verdict(old), Fault::kBlockBadEpoch);
}

TEST_F(EpochBlock, TheLastBlockOfAnEpochWritesEvenWithoutTransactions) {
  for (std::uint64_t height = 1; height < kLength; ++height) {
    Block idle;
    idle.header = ledger.next_header(100, false);
    commit(idle);
  }
  Block idle;
  idle.header = ledger.next_header(100, false);
  EXPECT_EQ(verdict(idle), Fault::kBlockBadBeacon);
  idle.header = ledger.next_header(100, true);
  commit(idle);
  EXPECT_EQ(load_epoch(ledger.state).epoch, 1U);
}

TEST_F(EpochBlock, AQuorumOfTheParentMayBeCarriedAndIsCounted) {
  commit(carrying({}));
  commit(carrying(certificate({0, 1, 2})));
  commit(carrying(certificate({1, 2, 3}, VoteKind::kFinalize)));
  const EpochTally counted = tally();
  const Amount tips = counted.validators[0].tips;
  EXPECT_GT(tips, Amount{}) << "of the transfers in its blocks";
  EXPECT_EQ(counted.blocks, 3U);
  EXPECT_EQ(counted.certificates, 2U);
  ASSERT_EQ(counted.validators.size(), 4U);
  EXPECT_EQ(counted.validators[0], (ValidatorTally{3, 1, tips}));
  EXPECT_EQ(counted.validators[1], (ValidatorTally{0, 2, Amount{}}));
  EXPECT_EQ(counted.validators[3], (ValidatorTally{0, 1, Amount{}}));
}

TEST_F(EpochBlock, AnIdleBlockMayCarryOneThatIsNotCounted) {
  commit(carrying({}));
  Block idle;
  idle.header = ledger.next_header(100, false);
  idle.certificate = certificate({0, 1, 2});
  idle.header.certificate_hash = certificate_hash(idle.certificate);
  commit(idle);
  EXPECT_EQ(tally().certificates, 0U);
}

TEST_F(EpochBlock, WhatIsNoQuorumOfTheParentIsRefused) {
  commit(carrying({}));
  const Certificate good = certificate({0, 1, 3});
  EXPECT_EQ(verdict(carrying(good)), Fault::kNone);
  EXPECT_EQ(verdict(carrying(certificate({0, 1}))), Fault::kBlockBadCertificate);
  EXPECT_EQ(verdict(carrying(certificate({0, 1, 3}, VoteKind::kNullify))),
            Fault::kBlockBadCertificate);
  Certificate other = good;
  other.vote.block.data[0] ^= 1;
  sign(other, {0, 1, 3});
  EXPECT_EQ(verdict(carrying(other)), Fault::kBlockBadCertificate) << "of another block";
  other = good;
  other.vote.epoch = 1;
  sign(other, {0, 1, 3});
  EXPECT_EQ(verdict(carrying(other)), Fault::kBlockBadCertificate) << "of another epoch";
  other = good;
  other.signatures[2].signature.data[10] ^= 1;
  EXPECT_EQ(verdict(carrying(other)), Fault::kBlockBadCertificate);

  Block hidden = carrying(good);
  hidden.header.certificate_hash = Hash32{};
  EXPECT_EQ(verdict(hidden), Fault::kBlockBadCertificate) << "the header does not say so";
  Block lost = carrying(good);
  lost.certificate.reset();
  EXPECT_EQ(verdict(lost), Fault::kBlockBadCertificate) << "the header says so";
}

TEST_F(EpochBlock, TheFirstBlockOfAnEpochCarriesNone) {
  EXPECT_EQ(verdict(carrying(certificate({0, 1, 2}))), Fault::kBlockBadCertificate) << "genesis";
  for (std::uint64_t height = 1; height <= kLength; ++height) commit(carrying({}));
  EXPECT_EQ(verdict(carrying(certificate({0, 1, 2}))), Fault::kBlockBadCertificate);
  commit(carrying({}));
  EXPECT_EQ(verdict(carrying(certificate({0, 1, 2}))), Fault::kNone);
}

}  // namespace
}  // namespace fog
