// A malicious client against a real node: it violates each bound in turn. The node ends the
// connection, bans whoever proved an id first, and serves honest peers as before.
#include "tests/unit/chain/net/net_fixture.h"

namespace fog {
namespace {

using namespace fog::testing;  // NOLINT(google-build-using-namespace)

constexpr auto kBulkLane = static_cast<std::uint8_t>(Lane::kBulk);
constexpr auto kVoteLane = static_cast<std::uint8_t>(Lane::kConsensus);

bool serves_honest_peers(TestPeer& node, std::uint64_t number) {
  RawPeer honest(number, node);
  if (!honest.accepted || !honest.consensus.send_message(kVoteLane, kVoteKind, {1, 2, 3}))
    return false;
  return eventually([&] { return node.heard(honest.id, kVoteKind).size() == 1; });
}

// ---- before the handshake is complete ----

TEST(HostileStranger, GarbageInsteadOfAHandshakeEndsTheConnection) {
  TestPeer node(1);
  node.start();
  SeededRng rng(1);
  for (const std::size_t size : {kNoiseActOneSize, std::size_t{1'000}, std::size_t{100'000}}) {
    RawConnection stranger(node.options.listen_port);
    stranger.send(rng.bytes(size));
    EXPECT_TRUE(stranger.is_ended()) << size;
  }
  EXPECT_TRUE(eventually([&] { return node.net->metrics().handshakes_failed == 3; }));
  EXPECT_TRUE(serves_honest_peers(node, 50));
}

TEST(HostileStranger, AWrongActThreeEndsTheConnection) {
  TestPeer node(1);
  node.start();
  RawConnection stranger(node.options.listen_port);
  NoiseInitiator initiator(key_of(2), node.self, as_bytes("fogcoin/1test"), key_of(3));
  stranger.send(*initiator.act_one());
  ASSERT_TRUE(stranger.receive(kNoiseActTwoSize));
  stranger.send(Bytes(kNoiseActThreeSize, 0));
  EXPECT_TRUE(stranger.is_ended());
  EXPECT_TRUE(serves_honest_peers(node, 50));
}

TEST(HostileStranger, WhoIsSlowToShakeHandsIsNotWaitedFor) {
  TestPeer node(1);
  node.options.limits.handshake_ms = 300;
  node.start();
  RawConnection silent(node.options.listen_port);
  RawConnection halfway(node.options.listen_port);
  halfway.send(Bytes{0, 2, 3});
  RawConnection no_hello(node.options.listen_port);
  ASSERT_TRUE(no_hello.shake_hands(key_of(2), node.self, "fogcoin/1test"));
  EXPECT_TRUE(silent.is_ended());
  EXPECT_TRUE(halfway.is_ended());
  EXPECT_TRUE(no_hello.is_ended());
}

TEST(HostileStranger, HandshakesThatAreBegunAreBounded) {
  TestPeer node(1);
  node.options.limits.handshakes_max = 4;
  node.options.limits.handshake_ms = 600'000;
  node.start();
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 4; ++i)
    held.push_back(std::make_unique<RawConnection>(node.options.listen_port));
  ASSERT_TRUE(eventually([&] { return node.net->metrics().accepted == 4; }));
  RawConnection fifth(node.options.listen_port);
  EXPECT_TRUE(held.front()->is_ended()) << "who has had longest makes room";
  EXPECT_TRUE(eventually([&] { return serves_honest_peers(node, 50); }));
}

TEST(HostileStranger, WhoeverHoldsMostHandshakesMakesRoom) {
  TestPeer node(1);
  node.options.limits.handshakes_max = 4;
  node.options.limits.handshake_ms = 600'000;
  node.start();
  RawConnection lone(node.options.listen_port, "127.2.0.1");
  std::vector<std::unique_ptr<RawConnection>> crowd;
  for (int i = 0; i < 8; ++i) {
    crowd.push_back(std::make_unique<RawConnection>(node.options.listen_port, "127.1.0.1"));
    const std::uint64_t accepted = 2 + static_cast<std::uint64_t>(i);
    ASSERT_TRUE(eventually([&] { return node.net->metrics().accepted == accepted; }));
  }
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(crowd[static_cast<std::size_t>(i)]->is_ended()) << i;
  EXPECT_TRUE(lone.shake_hands(key_of(2), node.self, "fogcoin/1test"));
}

TEST(HostileStranger, AnAddressThatKeepsSendingGarbageIsShutOut) {
  TestPeer node(1);
  node.options.trust_loopback = false;
  node.start();
  ASSERT_TRUE(eventually([&] {
    RawConnection stranger(node.options.listen_port);
    stranger.send(Bytes(kNoiseActOneSize, 7));
    EXPECT_TRUE(stranger.is_ended());
    return node.net->metrics().bans == 1;
  }));
  const std::uint64_t accepted = node.net->metrics().accepted;
  RawConnection again(node.options.listen_port);
  EXPECT_TRUE(again.is_ended());
  EXPECT_EQ(node.net->metrics().accepted, accepted);
}

TEST(HostileStranger, OneAddressDoesNotTakeAllSlots) {
  TestPeer node(1);
  node.options.trust_loopback = false;
  node.options.limits.inbound_per_ip = 2;
  node.start();
  RawPeer first(2, node);
  RawPeer second(3, node);
  RawPeer third(4, node);
  EXPECT_TRUE(first.accepted);
  EXPECT_TRUE(second.accepted);
  EXPECT_FALSE(third.accepted);
}

// Six slots, four taken from one network group and two from another: a third group gets one of the
// four, the youngest's; one more from the first group gets none.
TEST(HostileStranger, OneNetworkGroupDoesNotKeepOthersOut) {
  TestPeer node(1);
  node.options.trust_loopback = false;
  node.options.limits.inbound_max = 6;
  node.start();
  std::vector<std::unique_ptr<RawPeer>> peers;
  const auto dial = [&](std::uint64_t number, const char* from) -> RawPeer& {
    peers.push_back(std::make_unique<RawPeer>(number, node, from));
    return *peers.back();
  };
  for (std::uint64_t i = 0; i < 4; ++i) {
    const std::string from = "127.1.0." + std::to_string(1 + i);
    ASSERT_TRUE(dial(10 + i, from.c_str()).accepted);
    ASSERT_TRUE(eventually([&] { return node.up_count() == 1 + i; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // another millisecond: younger
  }
  ASSERT_TRUE(dial(20, "127.2.0.1").accepted);
  ASSERT_TRUE(dial(21, "127.2.0.2").accepted);
  EXPECT_FALSE(dial(14, "127.1.0.9").accepted) << "the largest group grows no more";
  EXPECT_TRUE(dial(30, "127.3.0.1").accepted);
  EXPECT_TRUE(eventually([&] { return !node.sees(key_of(13).public_key()); }));
  for (const std::uint64_t number : {10U, 11U, 12U, 20U, 21U, 30U})
    EXPECT_TRUE(eventually([&] { return node.sees(key_of(number).public_key()); })) << number;
}

TEST(HostileStranger, SlotsAreBoundedButConfiguredPeersAlwaysHaveOne) {
  TestPeer node(1);
  node.options.limits.inbound_max = 2;
  node.options.peers = {{key_of(4).public_key(), "127.0.0.1", 1}};  // nobody listens there
  node.start();
  RawPeer first(2, node);
  RawPeer second(3, node);
  RawPeer stranger(5, node);
  RawPeer configured(4, node);
  EXPECT_TRUE(first.accepted && second.accepted);
  EXPECT_FALSE(stranger.accepted);
  EXPECT_TRUE(configured.accepted);
}

// ---- who proved an id, and then breaks the protocol: banned at once ----

struct Violation {
  const char* name;
  std::function<void(RawPeer&)> act;
};

std::vector<Violation> violations() {
  const auto claim = [](std::uint8_t lane, std::uint8_t kind, std::uint32_t size) {
    Bytes frame = {static_cast<std::uint8_t>(0x80 | lane), kind};
    for (int shift = 0; shift < 32; shift += 8)
      frame.push_back(static_cast<std::uint8_t>(size >> shift));
    return frame;
  };
  return {
      {"a frame longer than any",
       [](RawPeer& peer) { peer.bulk.send_frame(Bytes(kNoisePlainMax, kBulkLane)); }},
      {"an empty frame", [](RawPeer& peer) { peer.bulk.send_frame({}); }},
      {"unknown bits",
       [](RawPeer& peer) {
         peer.bulk.send_frame(Bytes{0x7C, 0, 0});
       }},
      {"an unknown kind", [=](RawPeer& peer) { peer.bulk.send_frame(claim(kBulkLane, 0x99, 0)); }},
      {"a kind of the network's that nobody knows",
       [=](RawPeer& peer) { peer.bulk.send_frame(claim(kControlLane, 0x0F, 0)); }},
      {"a message above its kind's bound",
       [=](RawPeer& peer) { peer.bulk.send_frame(claim(kBulkLane, kBlockKind, 4'000'001)); }},
      {"a message of four gigabytes",
       [=](RawPeer& peer) { peer.bulk.send_frame(claim(kBulkLane, kBlockKind, 0xFFFFFFFF)); }},
      {"bulk data on the consensus connection",
       [](RawPeer& peer) { peer.consensus.send_message(kBulkLane, kBlockKind, {1}); }},
      {"a vote on the bulk connection",
       [](RawPeer& peer) { peer.bulk.send_message(kVoteLane, kVoteKind, {1}); }},
      {"a piece of no message",
       [](RawPeer& peer) {
         peer.bulk.send_frame(Bytes{kBulkLane, 1});
       }},
      {"tiny fragments",
       [=](RawPeer& peer) {
         Bytes first = claim(kBulkLane, kBlockKind, 100'000);
         first.push_back(1);
         peer.bulk.send_frame(first);
         for (int i = 0; i < 1'000; ++i) {
           if (!peer.bulk.send_frame(Bytes{kBulkLane, 1})) return;
         }
       }},
      {"a message inside a message",
       [=](RawPeer& peer) {
         Bytes first = claim(kBulkLane, kBlockKind, 100'000);
         first.resize(first.size() + kPieceMax);
         peer.bulk.send_frame(first);
         peer.bulk.send_message(kBulkLane, kBlockKind, {1});
       }},
      {"a second hello",
       [](RawPeer& peer) {
         peer.bulk.send_message(kControlLane, kHelloKind, bcs_encode(Hello{}));
       }},
      {"a ping of the wrong size",
       [](RawPeer& peer) { peer.bulk.send_message(kControlLane, kPingKind, {1}); }},
      {"many times its rate",
       [](RawPeer& peer) {
         for (int i = 0; i < 1'000; ++i) {
           if (!peer.bulk.send_message(kBulkLane, kRareKind, {1})) return;
         }
       }},
      {"many pings",
       [](RawPeer& peer) {
         for (int i = 0; i < 1'000; ++i) {
           if (!peer.bulk.send_message(kControlLane, kPingKind, Bytes(8))) return;
         }
       }},
      {"many lists of peers",
       [](RawPeer& peer) {
         for (int i = 0; i < 1'000; ++i) {
           if (!peer.bulk.send_message(kControlLane, kPeersKind, bcs_encode(Peers{}))) return;
         }
       }},
  };
}

TEST(HostilePeer, EachViolationIsBannedAndTheNodeLivesOn) {
  TestPeer node(1);
  node.start();
  std::uint64_t number = 100;
  for (const Violation& violation : violations()) {
    SCOPED_TRACE(violation.name);
    const std::uint64_t bans = node.net->metrics().bans;
    RawPeer mallory(++number, node);
    ASSERT_TRUE(mallory.accepted);
    ASSERT_TRUE(eventually([&] { return node.sees(mallory.id); }));
    violation.act(mallory);
    EXPECT_TRUE(eventually([&] { return !node.sees(mallory.id); }));
    EXPECT_TRUE(mallory.consensus.is_ended()) << "one broken connection ends both";
    EXPECT_TRUE(mallory.bulk.is_ended());
    EXPECT_TRUE(eventually([&] { return node.net->metrics().bans == bans + 1; }));
    EXPECT_FALSE(RawPeer(number, node).accepted) << "banned";
  }
  EXPECT_TRUE(serves_honest_peers(node, 50));
}

// Anybody between two nodes can change a byte; that must not make them ban each other.
TEST(HostilePeer, AFrameThatWasChangedOnTheWayEndsTheSessionWithoutABan) {
  TestPeer node(1);
  node.start();
  for (const bool in_head : {true, false}) {
    RawPeer victim(2, node);
    ASSERT_TRUE(victim.accepted);
    Bytes sealed;
    OutgoingMessage message(kBulkLane, kBlockKind, std::make_shared<const Bytes>(Bytes{1, 2}));
    victim.bulk.sealer->seal_frame(message.next_frame(), sealed);
    sealed[in_head ? 0 : sealed.size() - 1] ^= 1;
    ASSERT_TRUE(victim.bulk.send(sealed));
    EXPECT_TRUE(victim.bulk.is_ended());
    EXPECT_TRUE(victim.consensus.is_ended());
  }
  EXPECT_EQ(node.net->metrics().bans, 0U);
  EXPECT_TRUE(node.heard().empty());
  EXPECT_TRUE(serves_honest_peers(node, 2)) << "the victim itself";
}

TEST(HostilePeer, AFirstMessageThatIsNoHelloIsBroken) {
  TestPeer node(1);
  node.start();
  for (const std::uint8_t kind : {kPingKind, kGetPeersKind}) {
    RawConnection connection(node.options.listen_port);
    ASSERT_TRUE(connection.shake_hands(key_of(kind + 200U), node.self, "fogcoin/1test"));
    connection.send_message(kControlLane, kind, {});
    EXPECT_TRUE(connection.is_ended());
  }
  RawConnection unreadable(node.options.listen_port);
  ASSERT_TRUE(unreadable.shake_hands(key_of(300), node.self, "fogcoin/1test"));
  unreadable.send_message(kControlLane, kHelloKind, {7, 7});
  EXPECT_TRUE(unreadable.is_ended());
  EXPECT_TRUE(eventually([&] { return node.net->metrics().bans == 3; }));
}

TEST(HostilePeer, ABulkConnectionOfNoSessionIsRefused) {
  TestPeer node(1);
  node.start();
  RawConnection alone(node.options.listen_port);
  ASSERT_TRUE(alone.shake_hands(key_of(2), node.self, "fogcoin/1test"));
  EXPECT_FALSE(alone.greet({Channel::kBulk, 1, 0, 0, std::nullopt}));

  RawConnection consensus(node.options.listen_port);
  ASSERT_TRUE(consensus.shake_hands(key_of(2), node.self, "fogcoin/1test"));
  const auto answer = consensus.greet({Channel::kConsensus, 1, 0, 0, std::nullopt});
  ASSERT_TRUE(answer);
  RawConnection another(node.options.listen_port);  // another node with the same session
  ASSERT_TRUE(another.shake_hands(key_of(3), node.self, "fogcoin/1test"));
  EXPECT_FALSE(another.greet({Channel::kBulk, 1, answer->session, 0, std::nullopt}));
  RawConnection wrong(node.options.listen_port);
  ASSERT_TRUE(wrong.shake_hands(key_of(2), node.self, "fogcoin/1test"));
  EXPECT_FALSE(wrong.greet({Channel::kBulk, 1, answer->session + 1, 0, std::nullopt}));
  RawConnection right(node.options.listen_port);
  ASSERT_TRUE(right.shake_hands(key_of(2), node.self, "fogcoin/1test"));
  EXPECT_TRUE(right.greet({Channel::kBulk, 1, answer->session, 0, std::nullopt}));
  EXPECT_TRUE(eventually([&] { return node.sees(key_of(2).public_key()); }));
}

TEST(HostilePeer, ASessionWithoutItsSecondConnectionDoesNotHoldASlot) {
  TestPeer node(1);
  node.options.limits.handshake_ms = 300;
  node.start();
  RawConnection half(node.options.listen_port);
  ASSERT_TRUE(half.shake_hands(key_of(2), node.self, "fogcoin/1test"));
  ASSERT_TRUE(half.greet({Channel::kConsensus, 1, 0, 0, std::nullopt}));
  EXPECT_TRUE(half.is_ended());
}

TEST(HostilePeer, WhoFallsSilentIsPingedAndThenGone) {
  TestPeer node(1);
  node.options.limits.ping_ms = 100;
  node.options.limits.dead_ms = 500;
  node.start();
  RawPeer silent(2, node);
  ASSERT_TRUE(silent.accepted);
  const auto ping = silent.consensus.receive_frame();
  ASSERT_TRUE(ping);
  EXPECT_EQ((*ping)[1], kPingKind);
  EXPECT_TRUE(silent.bulk.is_ended());
  EXPECT_TRUE(eventually([&] { return !node.sees(silent.id); }));
  EXPECT_EQ(node.net->metrics().bans, 0U) << "silence alone is forgiven";
}

TEST(HostilePeer, AMessageThatNeverEndsIsNotWaitedFor) {
  TestPeer node(1);
  node.options.limits.message_ms = 300;
  node.start();
  RawPeer slow(2, node);
  ASSERT_TRUE(slow.accepted);
  OutgoingMessage message(kBulkLane, kBlockKind, std::make_shared<const Bytes>(100'000));
  ASSERT_TRUE(slow.bulk.send_frame(message.next_frame()));
  EXPECT_TRUE(slow.bulk.is_ended());
}

// Many peers that each begin a message and stop: together they may hold so much; beyond, the one
// that began first goes.
TEST(HostilePeer, MessagesThatAreNotCompleteShareABound) {
  TestPeer node(1);
  node.options.limits.pieces_bytes_max = 300'000;
  node.start();
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (std::uint64_t i = 0; i < 4; ++i) {
    peers.push_back(std::make_unique<RawPeer>(10 + i, node));
    ASSERT_TRUE(peers.back()->accepted);
    OutgoingMessage message(kBulkLane, kBlockKind, std::make_shared<const Bytes>(1'000'000));
    // Three pieces each: the fourth peer's are too many.
    for (int piece = 0; piece < 3; ++piece)
      ASSERT_TRUE(peers.back()->bulk.send_frame(message.next_frame()));
    ASSERT_TRUE(eventually([&] { return node.net->metrics().bytes_in > (i + 1) * 3 * kPieceMax; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // another millisecond: later
  }
  EXPECT_TRUE(peers[0]->bulk.is_ended());
  EXPECT_TRUE(eventually([&] { return node.up_count() == 3; }));
  EXPECT_FALSE(node.sees(peers[0]->id));
  EXPECT_TRUE(serves_honest_peers(node, 50));
}

// A peer that reads nothing: what does not fit is dropped and counted, the node's memory is
// bounded.
TEST(HostilePeer, WhoDoesNotReadCostsABoundedQueue) {
  TestPeer node(1);
  node.options.limits.lanes[static_cast<std::size_t>(Lane::kBulk)] = {8'000'000, 100};
  node.options.limits.dead_ms = 600'000;
  node.options.limits.ping_ms = 600'000;
  node.start();
  RawPeer deaf(2, node);
  ASSERT_TRUE(deaf.accepted);
  ASSERT_TRUE(eventually([&] { return node.sees(deaf.id); }));
  const Bytes block(1'000'000, 1);
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += node.net->send(deaf.id, kBlockKind, block) ? 1 : 0;
  EXPECT_GE(taken, 8);
  EXPECT_LT(taken, 100);
  EXPECT_GT(node.net->peers().at(0).dropped, 0U);
  EXPECT_TRUE(node.net->send(deaf.id, kVoteKind, Bytes{1})) << "consensus is not behind it";
  const auto vote = deaf.consensus.receive_frame();
  ASSERT_TRUE(vote);
  EXPECT_EQ((*vote)[1], kVoteKind);
  EXPECT_TRUE(serves_honest_peers(node, 50));
}

}  // namespace
}  // namespace fog
