// The address book: what it takes, gives and keeps, and that no network group can fill it.
#include "chain/net/address_book.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;

constexpr std::uint64_t kNow = 1'700'000'000;
const auto kAnyone = [](const BookAddress&) { return true; };

IpAddress ip(const std::string& text) {
  return *parse_ip(text);
}
NodeId node_id(std::uint64_t i) {
  SeededRng rng(i + 1'000'000);
  return SecretKey::generate(rng).public_key();
}
IpAddress random_ip(SeededRng& rng) {
  IpAddress out = ip("1.0.0.0");
  out.data[12] = static_cast<std::uint8_t>(20 + rng.below(60));
  for (std::size_t i = 13; i < 16; ++i) out.data[i] = static_cast<std::uint8_t>(rng.next());
  return out;
}
AddressBook book(std::uint64_t seed = 1) {
  SeededRng rng(seed);
  return {*fixed_from<32>(rng.bytes(32)), node_id(0)};
}

TEST(AddressBook, GivesWhatItHeard) {
  AddressBook addresses = book();
  SeededRng rng(1);
  EXPECT_FALSE(addresses.pick(rng, kNow, kAnyone));
  const BookAddress known{node_id(1), ip("8.1.2.3"), 9735};
  EXPECT_TRUE(addresses.add(known, ip("9.9.9.9"), kNow));
  EXPECT_TRUE(addresses.add(known, ip("7.7.7.7"), kNow)) << "again, from another: one entry";
  EXPECT_EQ(addresses.size(), 1U);
  EXPECT_EQ(addresses.pick(rng, kNow, kAnyone), known);
  EXPECT_FALSE(addresses.pick(rng, kNow, [](const BookAddress&) { return false; }));
}

TEST(AddressBook, RefusesWhatCannotBeDialled) {
  AddressBook addresses = book();
  const IpAddress source = ip("9.9.9.9");
  EXPECT_FALSE(addresses.add({node_id(0), ip("8.1.2.3"), 1}, source, kNow)) << "ourselves";
  EXPECT_FALSE(addresses.add({node_id(1), ip("8.1.2.3"), 0}, source, kNow));
  EXPECT_FALSE(addresses.add({node_id(1), ip("224.0.0.1"), 1}, source, kNow));
  EXPECT_FALSE(addresses.add({node_id(1), ip("0.0.0.0"), 1}, source, kNow));
  EXPECT_FALSE(addresses.add({NodeId{}, ip("8.1.2.3"), 1}, source, kNow)) << "no key";
  EXPECT_FALSE(addresses.add({node_id(1), ip("192.168.1.1"), 1}, source, kNow))
      << "a stranger's idea of our network";
  EXPECT_TRUE(addresses.add({node_id(1), ip("192.168.1.1"), 1}, ip("192.168.1.2"), kNow));
  EXPECT_EQ(addresses.size(), 1U);
}

TEST(AddressBook, WhoDoesNotAnswerIsTriedLessAndThenForgotten) {
  AddressBook addresses = book();
  SeededRng rng(2);
  const BookAddress dead{node_id(1), ip("8.1.2.3"), 9735};
  ASSERT_TRUE(addresses.add(dead, ip("9.9.9.9"), kNow));
  addresses.dialled(dead, kNow);
  EXPECT_FALSE(addresses.pick(rng, kNow + 9, kAnyone));
  EXPECT_TRUE(addresses.pick(rng, kNow + 10, kAnyone));
  addresses.dialled(dead, kNow + 10);
  EXPECT_FALSE(addresses.pick(rng, kNow + 29, kAnyone));
  EXPECT_TRUE(addresses.pick(rng, kNow + 30, kAnyone));
  addresses.dialled(dead, kNow + 30);
  EXPECT_FALSE(addresses.pick(rng, kNow + 1'000'000, kAnyone)) << "never answered, three times";
  EXPECT_TRUE(addresses.sample(rng, 10, kNow).empty()) << "nor is it told to others";
}

TEST(AddressBook, WhoAnsweredStaysThroughFailures) {
  AddressBook addresses = book();
  SeededRng rng(3);
  const BookAddress good{node_id(1), ip("8.1.2.3"), 9735};
  addresses.answered(good, kNow);
  EXPECT_EQ(addresses.tried_size(), 1U);
  for (int i = 0; i < 5; ++i) addresses.dialled(good, kNow + 100);
  EXPECT_EQ(addresses.pick(rng, kNow + 10'000, kAnyone), good);
  addresses.answered(good, kNow + 200);
  EXPECT_EQ(addresses.pick(rng, kNow + 200, kAnyone), good);
}

TEST(AddressBook, OneSourceGroupReachesOnlyItsShareWhateverItSays) {
  AddressBook addresses = book();
  SeededRng rng(4);
  std::set<BookAddress> honest;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const BookAddress address{node_id(i + 1), random_ip(rng), 9735};
    if (addresses.add(address, random_ip(rng), kNow)) honest.insert(address);
  }
  const std::size_t before = addresses.size();
  const NodeId liar = node_id(5);
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    IpAddress source = ip("66.6.0.0");
    source.data[14] = static_cast<std::uint8_t>(rng.next());
    addresses.add({liar, random_ip(rng), static_cast<std::uint16_t>(1 + i)}, source, kNow);
  }
  const std::size_t share = AddressBook::kNewPerSource * AddressBook::kBucketSize;
  EXPECT_LE(addresses.size(), before + share);
  EXPECT_GE(addresses.size(), before + share / 2) << "the bound was tried";
  // No honest address had to go.
  std::size_t left = 0;
  for (const BookAddress& address : addresses.sample(rng, 100'000, kNow))
    left += honest.contains(address);
  EXPECT_EQ(left, honest.size());
}

TEST(AddressBook, OneGroupOfAnsweringNodesReachesOnlyItsShare) {
  AddressBook addresses = book();
  SeededRng rng(5);
  const NodeId liar = node_id(5);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    IpAddress where = ip("66.6.0.0");
    where.data[14] = static_cast<std::uint8_t>(rng.next());
    where.data[15] = static_cast<std::uint8_t>(rng.next());
    const BookAddress address{liar, where, static_cast<std::uint16_t>(1 + i)};
    addresses.add(address, random_ip(rng), kNow);
    addresses.answered(address, kNow);
  }
  EXPECT_LE(addresses.tried_size(), AddressBook::kTriedPerGroup * AddressBook::kBucketSize);
  EXPECT_GE(addresses.tried_size(), AddressBook::kTriedPerGroup * AddressBook::kBucketSize / 2);
}

TEST(AddressBook, AnsweredNodesArePickedHalfTheTimeHoweverManyAreOnlyHeardOf) {
  AddressBook addresses = book();
  SeededRng rng(6);
  const BookAddress good{node_id(1), ip("8.1.2.3"), 9735};
  addresses.answered(good, kNow);
  const NodeId liar = node_id(5);
  for (std::uint32_t i = 0; i < 20'000; ++i)
    addresses.add({liar, random_ip(rng), 1}, random_ip(rng), kNow);
  int picked = 0;
  for (int i = 0; i < 1'000; ++i) picked += addresses.pick(rng, kNow, kAnyone) == good;
  EXPECT_GT(picked, 400);
  EXPECT_LT(picked, 600);
}

TEST(AddressBook, IsBoundedAsAWhole) {
  AddressBook addresses = book();
  SeededRng rng(7);
  const NodeId liar = node_id(5);
  for (std::uint32_t i = 0; i < 60'000; ++i)
    addresses.add({liar, random_ip(rng), 1}, random_ip(rng), kNow);
  EXPECT_LE(addresses.size(), AddressBook::kNewBuckets * AddressBook::kBucketSize);
  EXPECT_EQ(addresses.sample(rng, 64, kNow).size(), 64U);
}

TEST(AddressBook, AnotherSecretPlacesAddressesElsewhere) {
  AddressBook one = book(1);
  AddressBook other = book(2);
  SeededRng rng(8);
  std::vector<BookAddress> refused;
  const NodeId id = node_id(5);
  for (std::uint32_t i = 0; i < 4'000; ++i) {
    const BookAddress address{id, random_ip(rng), 1};
    const bool first = one.add(address, ip("66.6.0.1"), kNow);
    const bool second = other.add(address, ip("66.6.0.1"), kNow);
    if (first != second) refused.push_back(address);
  }
  EXPECT_GT(refused.size(), 10U) << "which addresses collide is not known from outside";
}

TEST(AddressBook, ComesBackFromItsBytesAndNotFromDamagedOnes) {
  AddressBook addresses = book();
  SeededRng rng(9);
  for (std::uint64_t i = 0; i < 50; ++i) {
    const BookAddress address{node_id(i + 1), random_ip(rng), 9735};
    addresses.add(address, random_ip(rng), kNow);
    if (i % 2 == 0) addresses.answered(address, kNow);
  }
  const Bytes stored = addresses.encode();
  const auto loaded = AddressBook::decode(stored, node_id(0));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->size(), addresses.size());
  EXPECT_EQ(loaded->tried_size(), addresses.tried_size());
  EXPECT_EQ(loaded->encode(), stored);
  for (std::size_t at = 0; at < stored.size(); at += 97) {
    Bytes damaged = stored;
    damaged[at] ^= 1;
    EXPECT_FALSE(AddressBook::decode(damaged, node_id(0))) << at;
  }
  EXPECT_FALSE(AddressBook::decode({}, node_id(0)));
}

}  // namespace
}  // namespace fog
