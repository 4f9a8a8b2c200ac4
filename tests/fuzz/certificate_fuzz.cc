// A certificate against a known set: none that a fuzzer makes is a quorum of signatures, unless it
// is the seed's own.
#include "chain/types/vote.h"
#include "tests/support/test_chain.h"

namespace {

using fog::testing::TestKey;

const std::vector<TestKey>& keys() {
  static const std::vector<TestKey> kKeys{TestKey{1}, TestKey{2}, TestKey{3}, TestKey{4}};
  return kKeys;
}
fog::ValidatorSet make_set() {
  fog::ValidatorSet set;
  for (const TestKey& key : keys()) set.validators.push_back({key.secret.x_only_key(), 10});
  return set;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fog::ValidatorSet kSet = make_set();
  const auto certificate = fog::bcs_decode<fog::Certificate>(fog::ByteView(data, size));
  if (!certificate) return 0;
  CHECK(fog::bcs_encode(*certificate) == fog::Bytes(data, data + size));
  if (!fog::verify_certificate(fog::testing::test_chain_id(), kSet, *certificate)) return 0;
  // It holds, so each signature is one over this very vote, and three of four have signed.
  CHECK(certificate->signatures.size() >= 3);
  const fog::Hash32 digest = fog::vote_digest(fog::testing::test_chain_id(), certificate->vote);
  for (const fog::ValidatorSignature& entry : certificate->signatures) {
    CHECK(fog::verify_schnorr(keys()[entry.index].secret.x_only_key(), digest, entry.signature));
  }
  return 0;
}
