// Real nodes on loopback: they find each other, talk on every lane, part and come back.
#include "chain/net/tcp_network.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/chain/net/net_fixture.h"

namespace fog {
namespace {

using namespace fog::testing;  // NOLINT(google-build-using-namespace)

TEST(TcpNetwork, TwoNodesTalkOnAllLanesInBothDirections) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  alice.dials(bob);
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self) && bob.sees(alice.self); }));

  const Bytes block = SeededRng(3).bytes(3'000'000);
  for (auto [from, to] : {std::pair{&alice, &bob}, std::pair{&bob, &alice}}) {
    EXPECT_TRUE(from->net->send(to->self, kBlockKind, block));
    EXPECT_TRUE(from->net->send(to->self, kTxKind, Bytes{2, 2}));
    EXPECT_TRUE(from->net->send(to->self, kVoteKind, Bytes{1}));
    EXPECT_TRUE(from->net->send(to->self, kVoteKind, Bytes{}));
    ASSERT_TRUE(eventually([&] { return to->heard().size() == 4; }));
    EXPECT_EQ(to->heard(from->self, kVoteKind), (std::vector<Bytes>{{1}, {}}));
    EXPECT_EQ(to->heard(from->self, kTxKind), (std::vector<Bytes>{{2, 2}}));
    EXPECT_EQ(to->heard(from->self, kBlockKind), std::vector<Bytes>{block});
  }
  ASSERT_EQ(alice.net->peers().size(), 1U);
  const PeerInfo info = alice.net->peers()[0];
  EXPECT_EQ(info.id, bob.self);
  EXPECT_FALSE(info.inbound);
  EXPECT_EQ(info.address, "127.0.0.1:" + std::to_string(bob.options.listen_port));
  EXPECT_GT(info.bytes_out, block.size());
  EXPECT_GT(info.bytes_in, block.size());
  EXPECT_TRUE(bob.net->peers()[0].inbound);
}

TEST(TcpNetwork, WithinALaneMessagesComeInOrder) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  bob.dials(alice);
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self); }));
  std::vector<Bytes> sent;
  for (std::uint8_t i = 0; i < 200; ++i) {
    sent.push_back(Bytes(std::size_t{i} * 7, i));
    ASSERT_TRUE(alice.net->send(bob.self, kVoteKind, sent.back()));
    ASSERT_TRUE(alice.net->send(bob.self, kTxKind, sent.back()));
  }
  ASSERT_TRUE(eventually([&] { return bob.heard().size() == 400; }));
  EXPECT_EQ(bob.heard(alice.self, kVoteKind), sent);
  EXPECT_EQ(bob.heard(alice.self, kTxKind), sent);
}

// Everybody dials everybody at once: of each pair one session stays, and nobody flaps for ever.
TEST(TcpNetwork, FourNodesThatAllDialEachOtherSettleOnOneSessionAPair) {
  std::vector<std::unique_ptr<TestPeer>> nodes;
  for (std::uint64_t i = 0; i < 4; ++i) {
    nodes.push_back(std::make_unique<TestPeer>(10 + i));
    nodes.back()->start();
  }
  for (auto& node : nodes) {
    for (auto& other : nodes) node->dials(*other);  // itself among them: ignored
  }
  for (auto& node : nodes) ASSERT_TRUE(eventually([&] { return node->up_count() == 3; }));
  const auto all_heard = [&](const Bytes& body) {
    for (auto& node : nodes) {
      for (auto& other : nodes) {
        const auto heard = node->heard(other->self, kVoteKind);
        if (node != other && std::count(heard.begin(), heard.end(), body) == 0) return false;
      }
    }
    return true;
  };
  // A session that lost the tie may take a first message with it, so it is said until heard.
  ASSERT_TRUE(eventually([&] {
    for (auto& node : nodes) node->net->broadcast(kVoteKind, Bytes{42});
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return all_heard({42});
  }));
  for (auto& node : nodes) EXPECT_EQ(node->net->peers().size(), 3U);
  // Inbound on one side is outbound on the other.
  std::uint64_t inbound = 0;
  std::uint64_t outbound = 0;
  for (auto& node : nodes) {
    inbound += node->net->metrics().inbound;
    outbound += node->net->metrics().outbound;
  }
  EXPECT_EQ(inbound, 6U);
  EXPECT_EQ(outbound, 6U);
}

TEST(TcpNetwork, ANodeThatStopsGoesDownAndComesBackUp) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  alice.dials(bob);
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(eventually([&] { return alice.sees(bob.self) && bob.sees(alice.self); }));
    bob.stop();
    ASSERT_TRUE(eventually([&] { return !alice.sees(bob.self); }));
    EXPECT_FALSE(alice.net->send(bob.self, kVoteKind, Bytes{1}));
    EXPECT_EQ(bob.downs(), round) << "stopping tells that the peer is gone";
    bob.start();
  }
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self) && bob.sees(alice.self); }));
  EXPECT_TRUE(alice.net->send(bob.self, kVoteKind, Bytes{9}));
  EXPECT_TRUE(eventually([&] { return !bob.heard(alice.self, kVoteKind).empty(); }));
}

// Many threads send to a peer that comes and goes: nothing breaks, and what arrives is whole.
TEST(TcpNetwork, ManyThreadsSendWhileAPeerComesAndGoes) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  alice.dials(bob);
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self); }));
  std::atomic<bool> stop = false;
  std::vector<std::thread> senders;
  for (std::uint8_t i = 0; i < 3; ++i) {
    senders.emplace_back([&, i] {
      while (!stop) {
        alice.net->send(bob.self, kVoteKind, Bytes(10, i));
        alice.net->broadcast(kBlockKind, Bytes(50'000, i));
        static_cast<void>(alice.net->peers());
        static_cast<void>(alice.net->metrics());
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(eventually([&] { return bob.sees(alice.self); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    bob.stop();
    bob.start();
  }
  stop = true;
  for (std::thread& sender : senders) sender.join();
  for (const Heard& message : bob.heard()) {
    const std::size_t size = message.kind == kVoteKind ? 10 : 50'000;
    ASSERT_EQ(message.body, Bytes(size, message.body.at(0)));
  }
}

TEST(TcpNetwork, ANodeOfAnotherChainIsRefused) {
  TestPeer alice(1);
  TestPeer bob(2);
  TestPeer carol(3);
  bob.options.chain_id = "another";
  alice.start();
  bob.start();
  carol.start();
  bob.dials(alice);
  carol.dials(alice);
  ASSERT_TRUE(eventually([&] { return alice.sees(carol.self); }));
  EXPECT_TRUE(eventually([&] { return alice.net->metrics().handshakes_failed >= 2; }));
  EXPECT_FALSE(alice.sees(bob.self));
  EXPECT_FALSE(bob.sees(alice.self));
}

TEST(TcpNetwork, WhoAnswersUnderAnotherIdIsNoPeer) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  alice.net->add_peer({key_of(99).public_key(), "127.0.0.1", bob.options.listen_port});
  EXPECT_TRUE(eventually([&] { return alice.net->metrics().dials_failed >= 2; }));
  EXPECT_EQ(alice.up_count(), 0U);
  EXPECT_EQ(bob.up_count(), 0U);
  alice.dials(bob);
  EXPECT_TRUE(eventually([&] { return alice.sees(bob.self); })) << "the right id at the same place";
}

TEST(TcpNetwork, NamesAreLookedUp) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  alice.net->add_peer({bob.self, "localhost", bob.options.listen_port});
  EXPECT_TRUE(eventually([&] { return alice.sees(bob.self); }));
}

TEST(TcpNetwork, ARemovedPeerIsNotDialledAgain) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  alice.dials(bob);
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self); }));
  alice.net->remove_peer(bob.self);
  bob.stop();
  ASSERT_TRUE(eventually([&] { return !alice.sees(bob.self); }));
  const std::uint64_t dials = alice.net->metrics().dials;
  bob.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_EQ(alice.net->metrics().dials, dials);
}

TEST(TcpNetwork, MessagesThatCannotBeSentSaySo) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  EXPECT_FALSE(alice.net->send(bob.self, kVoteKind, Bytes{1})) << "not connected";
  alice.dials(bob);
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self); }));
  EXPECT_TRUE(alice.net->send(bob.self, kVoteKind, Bytes(4'096)));
  EXPECT_FALSE(alice.net->send(bob.self, kVoteKind, Bytes(4'097))) << "above the kind's bound";
  EXPECT_TRUE(alice.net->send(bob.self, kRareKind, Bytes{1}));
  EXPECT_FALSE(alice.net->send(bob.self, kRareKind, Bytes{2})) << "above the kind's rate";
  EXPECT_EQ(alice.net->peers()[0].dropped, 1U);
  EXPECT_EQ(alice.net->metrics().dropped_out, 2U);
  ASSERT_TRUE(eventually([&] { return bob.heard().size() == 2; }));
  EXPECT_EQ(bob.net->metrics().bans, 0U);
}

TEST(TcpNetwork, APeerThatItsUserCallsBrokenIsBannedAndCannotReturn) {
  TestPeer alice(1);
  TestPeer mallory(2);
  alice.start();
  mallory.start();
  mallory.dials(alice);
  ASSERT_TRUE(eventually([&] { return alice.sees(mallory.self); }));
  alice.net->report(mallory.self, Offence::kSlow, "no answer");
  ASSERT_TRUE(eventually([&] { return alice.net->peers().at(0).score == 5; }));
  alice.net->report(mallory.self, Offence::kBroken, "a forged block");
  ASSERT_TRUE(eventually([&] { return !alice.sees(mallory.self); }));
  EXPECT_EQ(alice.net->metrics().bans, 1U);
  const std::uint64_t refused = alice.net->metrics().refused;
  ASSERT_TRUE(eventually([&] { return alice.net->metrics().refused > refused; }));
  EXPECT_FALSE(alice.sees(mallory.self));
}

TEST(TcpNetwork, ABanEnds) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.options.limits.scores.ban_first_ms = 300;
  alice.start();
  bob.start();
  bob.dials(alice);
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self); }));
  alice.net->report(bob.self, Offence::kBroken, "wrongly");
  ASSERT_TRUE(eventually([&] { return alice.downs() == 1; }));
  EXPECT_TRUE(eventually([&] { return alice.sees(bob.self); }));
}

TEST(TcpNetwork, NodesFindEachOtherThroughACommonPeer) {
  TestPeer hub(1);
  TestPeer alice(2);
  TestPeer bob(3);
  for (TestPeer* node : {&hub, &alice, &bob}) {
    node->options.discover = true;
    node->options.limits.exchange_ms = 400;
    node->start();
  }
  alice.dials(hub);
  bob.dials(hub);
  EXPECT_TRUE(eventually([&] { return alice.sees(bob.self) && bob.sees(alice.self); }));
}

TEST(TcpNetwork, TheAddressBookOutlivesTheNode) {
  const TempDir dir;
  TestPeer alice(1);
  TestPeer bob(2);
  alice.options.discover = true;
  alice.options.address_book_path = dir / "peers";
  alice.start();
  bob.start();
  alice.dials(bob);
  ASSERT_TRUE(eventually([&] { return alice.sees(bob.self); }));
  alice.stop();
  alice.start();  // with no peer configured
  EXPECT_TRUE(eventually([&] { return alice.sees(bob.self); }));
}

TEST(TcpNetwork, ADamagedAddressBookIsReplaced) {
  const TempDir dir;
  TestPeer alice(1);
  alice.options.address_book_path = dir / "peers";
  ASSERT_TRUE(write_file_atomic(system_env(), dir / "peers", Bytes(100, 7), FileMode::kPrivate));
  std::atomic<int> warnings = 0;
  alice.options.log = [&](NetworkLog level, const std::string&) {
    warnings += level == NetworkLog::kWarning ? 1 : 0;
  };
  alice.start();
  EXPECT_EQ(warnings, 1);
  alice.stop();
  alice.start();
  EXPECT_EQ(warnings, 1) << "the new one is good";
}

TEST(TcpNetwork, OptionsThatCannotBeAreRefused) {
  TestPeer alice(1);
  const auto error_of = [&](const std::function<void(TcpNetworkOptions&)>& change) {
    TcpNetworkOptions options = alice.options;
    change(options);
    const auto opened = TcpNetwork::open(options);
    return opened ? std::string() : opened.error().context;
  };
  EXPECT_EQ(error_of([](auto&) {}), "");
  EXPECT_NE(error_of([](auto& o) { o.listen_host = "nowhere"; }), "");
  EXPECT_NE(error_of([](auto& o) { o.advertise_host = "nowhere"; }), "");
  EXPECT_NE(error_of([](auto& o) { o.kinds.push_back(o.kinds[0]); }), "");
  EXPECT_NE(error_of([](auto& o) { o.limits.lanes[0].bytes_max = 100; }), "");
  alice.start();
  EXPECT_NE(error_of([&](auto& o) { o.listen_port = alice.options.listen_port; }), "")
      << "the port is taken";
}

TEST(TcpNetwork, ANodeThatDoesNotListenStillDials) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.options.listen_host.clear();
  alice.start();
  EXPECT_EQ(alice.net->listen_port(), 0);
  bob.start();
  alice.dials(bob);
  EXPECT_TRUE(eventually([&] { return alice.sees(bob.self) && bob.sees(alice.self); }));
}

}  // namespace
}  // namespace fog
