// Frames survive any cutting of the stream; what is no frame is refused. And the meter's fixed
// rule.
#include "executor/frame.h"

#include <gtest/gtest.h>

#include "executor/front_frames.h"
#include "executor/spool.h"
#include "executor/worker_frames.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

TEST(FrameReader, CutsTheSameFramesHoweverTheStreamComes) {
  fog::testing::SeededRng rng(8);
  Bytes stream;
  std::vector<InputFrame> sent;
  for (std::uint64_t i = 0; i < 20; ++i) {
    InputFrame input{i, i % 3 == 0, rng.bytes(rng.below(5'000))};
    append(stream, encode_frame(input));
    sent.push_back(std::move(input));
  }
  for (const std::size_t step : {1U, 7U, 4'096U, 1'000'000U}) {
    FrameReader reader;
    std::vector<InputFrame> got;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.push(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
      for (;;) {
        auto frame = reader.next();
        ASSERT_TRUE(frame.has_value());
        if (!*frame) break;
        got.push_back(*decode_frame<InputFrame>(**frame));
      }
    }
    EXPECT_EQ(got, sent) << step;
    EXPECT_FALSE(reader.inside_frame());
  }
}

TEST(FrameReader, RefusesLengthsOutOfBoundsForGood) {
  for (const std::uint32_t length :
       {std::uint32_t{0}, static_cast<std::uint32_t>(kFrameBytesMax) + 1}) {
    BcsWriter out;
    out.integer(length);
    out.u8(1);
    FrameReader reader;
    reader.push(out.bytes());
    EXPECT_EQ(reader.next().error().code, ErrorCode::kProtocol);
    reader.push(encode_frame(CancelFrame{1}));
    EXPECT_FALSE(reader.next().has_value());
  }
}

TEST(Frame, IsOfOneKindAndCanonical) {
  const Bytes bytes = encode_frame(CreditFrame{1, 2});
  Frame frame{bytes[4], to_bytes(ByteView(bytes).subspan(5))};
  EXPECT_TRUE(decode_frame<CreditFrame>(frame).has_value());
  EXPECT_FALSE(decode_frame<CancelFrame>(frame).has_value());
  frame.payload.push_back(0);
  EXPECT_FALSE(decode_frame<CreditFrame>(frame).has_value());
}

TEST(ReplicaId, ReadsOnlyItsOwnText) {
  ReplicaId id;
  id.lease.data[0] = 0xAB;
  id.term = 4'000'000'000;
  EXPECT_EQ(replica_from_text(to_text(id)), id);
  const std::string hex(64, '0');
  for (const std::string& bad : {hex, hex + ".", hex + ".x", hex + ".4294967296", hex + ".1 ",
                                 hex.substr(1) + ".1", hex + "1.1", std::string()}) {
    EXPECT_FALSE(replica_from_text(bad).has_value()) << bad;
  }
}

TEST(Meter, BillsByTheFixedRule) {
  const RunMeter meter{5'000'000, 1'000'000, 1 << 20};
  const std::uint64_t start = instantiation_fuel(160'000);
  EXPECT_EQ(start, 60'000U);
  for (const RunOutcome whole : {RunOutcome::kOk, RunOutcome::kExit, RunOutcome::kFuel,
                                 RunOutcome::kOutput, RunOutcome::kHeader}) {
    EXPECT_EQ(billed_fuel(whole, measured_fuel(whole, meter), 160'000), start + 5'000'000)
        << outcome_name(whole);
  }
  for (const RunOutcome broken : {RunOutcome::kTrap, RunOutcome::kMemory, RunOutcome::kWall}) {
    EXPECT_EQ(billed_fuel(broken, measured_fuel(broken, meter), 160'000),
              start + 1'000'000 + kBrokenRunFuel);
  }
  for (const RunOutcome none : {RunOutcome::kStack, RunOutcome::kHostMemory, RunOutcome::kCrash}) {
    EXPECT_EQ(billed_fuel(none, measured_fuel(none, meter), 160'000), 0U);
  }
}

TEST(RunOutcome, SaysWhatHappenedInAPlainSentence) {
  for (int i = 0; i <= static_cast<int>(bcs_last(RunOutcome{})); ++i) {
    const auto outcome = static_cast<RunOutcome>(i);
    const std::string sentence = outcome_sentence(outcome, "");
    EXPECT_TRUE(sentence.starts_with("The ") && sentence.ends_with("."));
    EXPECT_EQ(outcome_status(outcome) == 200, outcome == RunOutcome::kOk);
  }
  EXPECT_NE(outcome_sentence(RunOutcome::kExit, "exit code 3").find("(exit code 3)."),
            std::string::npos);
}

TEST(GuestSeed, DiffersWithEveryPartOfARequestsName) {
  const Hash32 beacon = sha256(as_bytes("beacon"));
  const market::LeaseId lease = sha256(as_bytes("lease"));
  Address gateway;
  const Hash32 seed = guest_seed(beacon, lease, 1, gateway, 7);
  EXPECT_EQ(seed, guest_seed(beacon, lease, 1, gateway, 7));
  EXPECT_NE(seed, guest_seed(lease, lease, 1, gateway, 7));
  EXPECT_NE(seed, guest_seed(beacon, beacon, 1, gateway, 7));
  EXPECT_NE(seed, guest_seed(beacon, lease, 2, gateway, 7));
  EXPECT_NE(seed, guest_seed(beacon, lease, 1, gateway, 8));
  gateway.data[0] = 1;
  EXPECT_NE(seed, guest_seed(beacon, lease, 1, gateway, 7));
}

TEST(Spool, HoldsSmallAndLargeBodiesAlike) {
  const fog::testing::TempFolder folder;
  fog::testing::SeededRng rng(9);
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, kSpoolMemoryBytes,
                                 kSpoolMemoryBytes + 1, std::size_t{700'000}}) {
    const Bytes content = rng.bytes(size);
    Spool spool(folder.path());
    for (std::size_t at = 0; at < size; at += 50'000) {
      const std::size_t part = std::min<std::size_t>(50'000, size - at);
      ASSERT_TRUE(spool.append(ByteView(content).subspan(at, part)).has_value());
    }
    EXPECT_EQ(spool.size(), size);
    Bytes back(size + 10);
    EXPECT_EQ(*spool.read(0, back), size);
    back.resize(size);
    EXPECT_EQ(back, content);
    EXPECT_EQ(*spool.sha256_from(0), sha256(content));
    const std::size_t half = size / 2;
    EXPECT_EQ(*spool.sha256_from(half), sha256(ByteView(content).subspan(half)));
    Bytes beyond(5);
    EXPECT_EQ(*spool.read(size + 3, beyond), 0U);
  }
  // Its files have no names.
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace fog::executor
