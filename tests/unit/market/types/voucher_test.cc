// Vouchers bind every field and their gateway; the host link's texts and hashes tell apart whatever
// differs.
#include "market/types/voucher.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "market/types/host_link.h"
#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

using testing::SeededRng;

Voucher example_voucher() {
  Voucher v;
  v.chain_id = sha256(as_bytes("chain"));
  v.lease = sha256(as_bytes("lease"));
  v.term = 3;
  v.gateway.data[0] = 9;
  v.count = 64;
  v.request_bytes = 1'000;
  v.response_bytes = 2'000;
  v.chain = sha256(as_bytes("requests"));
  return v;
}

TEST(Voucher, HoldsOnlyAsItWasSigned) {
  SeededRng rng(1);
  const SecretKey key = SecretKey::generate(rng);
  const SignedVoucher good = sign_voucher(example_voucher(), key);
  EXPECT_TRUE(verify_voucher(good, key.public_key()));
  EXPECT_FALSE(verify_voucher(good, SecretKey::generate(rng).public_key()));

  const auto refused = [&](auto change) {
    SignedVoucher bad = good;
    change(bad.voucher);
    return !verify_voucher(bad, key.public_key());
  };
  EXPECT_TRUE(refused([](Voucher& v) { v.chain_id.data[0] ^= 1; }));
  EXPECT_TRUE(refused([](Voucher& v) { v.lease.data[0] ^= 1; }));
  EXPECT_TRUE(refused([](Voucher& v) { v.term += 1; }));
  EXPECT_TRUE(refused([](Voucher& v) { v.gateway.data[0] ^= 1; }));
  EXPECT_TRUE(refused([](Voucher& v) { v.count += 1; }));
  EXPECT_TRUE(refused([](Voucher& v) { v.request_bytes += 1; }));
  EXPECT_TRUE(refused([](Voucher& v) { v.response_bytes += 1; }));
  EXPECT_TRUE(refused([](Voucher& v) { v.chain.data[0] ^= 1; }));
  SignedVoucher forged = good;
  forged.signature.data[63] ^= 1;
  EXPECT_FALSE(verify_voucher(forged, key.public_key()));
}

TEST(Voucher, TheChainDependsOnOrder) {
  const Hash32 a = sha256(as_bytes("a"));
  const Hash32 b = sha256(as_bytes("b"));
  const Hash32 ab = extend_chain(extend_chain({}, a, a), b, b);
  const Hash32 ba = extend_chain(extend_chain({}, b, b), a, a);
  EXPECT_NE(ab, ba);
  Bytes bytes(32, 0);
  append(bytes, a);
  append(bytes, b);
  EXPECT_EQ(extend_chain({}, a, b), sha256(bytes));
}

TEST(LinkKey, IsTheSameOnBothSidesAndNewInEachTerm) {
  SeededRng rng(2);
  const SecretKey gateway = SecretKey::generate(rng);
  const SecretKey host = SecretKey::generate(rng);
  const LeaseId lease = sha256(as_bytes("lease"));
  const LinkKey key = make_link_key(gateway, host.public_key(), lease, 1);
  EXPECT_EQ(key, make_link_key(host, gateway.public_key(), lease, 1));
  EXPECT_NE(key, make_link_key(gateway, host.public_key(), lease, 2));
  EXPECT_NE(key, make_link_key(gateway, host.public_key(), sha256(as_bytes("other")), 1));
}

TEST(HostLink, HashesCoverHeadAndBody) {
  RequestHead head;
  head.method = "POST";
  head.target = "/decide?x=1";
  head.fields.push_back({"content-type", "text/plain"});
  head.time_ms = 5;
  const Hash32 body = sha256(as_bytes("body"));
  const Hash32 hash = request_hash(head, body);
  EXPECT_NE(hash, request_hash(head, sha256(as_bytes("other"))));
  RequestHead other = head;
  other.time_ms = 6;
  EXPECT_NE(hash, request_hash(other, body));
  other = head;
  other.fields[0].value = "text/html";
  EXPECT_NE(hash, request_hash(other, body));
  EXPECT_NE(request_mac_text({}, 1, 0, head), request_mac_text({}, 1, 0, other));
  EXPECT_NE(request_mac_text({}, 1, 0, head), request_mac_text({}, 1, 1, head));
  EXPECT_NE(request_mac_text({}, 1, 0, head), request_mac_text({}, 2, 0, head));
  EXPECT_NE(request_mac_text({}, 1, 23, head), request_mac_text({}, 12, 3, head));
}

TEST(HostLink, ResponsesCountHeadAndBody) {
  ResponseHead head;
  EXPECT_EQ(response_bytes(head, 0), 16U);
  head.fields.push_back({"a", "bc"});
  head.fields.push_back({"content-type", "text/plain"});
  EXPECT_EQ(response_bytes(head, 100), 100U + 16 + (3 + 4) + (22 + 4));
  ResponseHead other = head;
  other.status = 500;
  EXPECT_NE(response_hash(head, {}), response_hash(other, {}));
  const std::string text = response_mac_text({}, 1, 0, head, 7, 9);
  EXPECT_NE(text, response_mac_text({}, 1, 0, head, 8, 9));
  EXPECT_NE(text, response_mac_text({}, 1, 0, head, 7, 8));
  EXPECT_NE(text, response_mac_text({}, 1, 0, other, 7, 9));
}

TEST(HostLink, ALeafCarriesItsEntryAndCounters) {
  LogEntry entry;
  entry.index = 4;
  entry.counters = {1, 50, 60};
  const SumNode leaf = log_leaf(entry);
  EXPECT_EQ(leaf.sums, entry.counters);
  LogEntry other = entry;
  other.index = 5;
  EXPECT_NE(log_leaf(other).hash, leaf.hash);
  other = entry;
  other.memory_peak = 1;
  EXPECT_NE(log_leaf(other).hash, leaf.hash);
}

}  // namespace
}  // namespace fog::market
