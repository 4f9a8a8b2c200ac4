// A signer signs for its own account, wherever its key came from.
#include "wallet/signer.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/temp_dir.h"
#include "wallet/keystore.h"

namespace fog::wallet {
namespace {

using testing::SeededRng;
using testing::TempDir;

TEST(KeySigner, SignsForItsAddress) {
  SeededRng rng(1);
  const SecretKey secret = SecretKey::generate(rng);
  KeySigner signer(secret);
  const Hash32 digest = sha256(as_bytes("x"));
  EXPECT_EQ(signer.address(), address_of(secret.public_key()));
  EXPECT_TRUE(verify_ecdsa(signer.public_key(), digest, *signer.sign(digest)));
}

TEST(OpenSigner, TakesOneAccountOutOfAKeystore) {
  SeededRng rng(2);
  const TempDir dir;
  const std::string path = dir / "wallet.json";
  const ScryptParams quick{16, 1, 1};
  auto store = Keystore::create(path, "", "", "pass", rng, quick);
  const SecretKey a = SecretKey::generate(rng);
  const SecretKey b = SecretKey::generate(rng);
  ASSERT_TRUE(store->add_imported("a", a));
  ASSERT_TRUE(store->save(rng));
  EXPECT_EQ((*open_signer(path, "pass", ""))->public_key(), a.public_key()) << "the only one";
  ASSERT_TRUE(store->add_imported("b", b));
  ASSERT_TRUE(store->save(rng));
  EXPECT_EQ((*open_signer(path, "pass", "b"))->public_key(), b.public_key());
  EXPECT_EQ((*open_signer(path, "pass", to_text(address_of(b.public_key()))))->public_key(),
            b.public_key());
  EXPECT_EQ(open_signer(path, "pass", "").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(open_signer(path, "pass", "c").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open_signer(path, "wrong", "a").error().code, ErrorCode::kPermission);
}

}  // namespace
}  // namespace fog::wallet
