// Secrets go from the owner to a gateway and from there to the Host, and open nowhere else.
#include "market/types/secret.h"

#include <gtest/gtest.h>

namespace fog::market {
namespace {

SecretKey key_of(std::uint8_t byte) {
  Hash32 bytes;
  bytes.data.fill(byte);
  return *SecretKey::from_bytes(bytes);
}

SecretUpdate update_of() {
  SecretUpdate update;
  update.chain_id.data.fill(1);
  update.service = "service";
  update.gateway = address_of(key_of(2).public_key());
  update.name = "TOKEN";
  update.time_ms = 1'000;
  return update;
}

TEST(Secret, NamesAreVariablesThatNoRequestHas) {
  for (const char* name : {"A", "_", "TOKEN", "db_password_2", "HTTPS"})
    EXPECT_TRUE(is_secret_name(name)) << name;
  EXPECT_TRUE(is_secret_name(std::string(64, 'a')));
  EXPECT_FALSE(is_secret_name(std::string(65, 'a')));
  for (const char* name : {"", "2A", "A-B", "A B", "A=B", "Ä", "HTTP_COOKIE", "PORT", "PATH_INFO",
                           "REQUEST_METHOD", "CONTENT_TYPE"})
    EXPECT_FALSE(is_secret_name(name)) << name;
}

TEST(Secret, ValuesFitIntoAnEnvironment) {
  EXPECT_TRUE(is_secret_value(""));
  EXPECT_TRUE(is_secret_value("line\nline=ü"));
  EXPECT_TRUE(is_secret_value(std::string(kSecretBytesMax, 'x')));
  EXPECT_FALSE(is_secret_value(std::string(kSecretBytesMax + 1, 'x')));
  EXPECT_FALSE(is_secret_value(std::string("a\0b", 3)));
  EXPECT_FALSE(is_secret_value("\xff"));
}

TEST(Secret, TheGatewayOpensWhatItIsMeantFor) {
  SecretUpdate update = update_of();
  update.sealed = BoundedBytes<kSecretBytesMax + kSealedBoxOverhead>(
      *seal_secret(update, key_of(2).public_key(), "hunter2", system_rng()));
  EXPECT_EQ(as_text(*open_secret(update, key_of(2))), "hunter2");
  EXPECT_FALSE(open_secret(update, key_of(3)));
  SecretUpdate renamed = update;
  renamed.name = "OTHER";
  EXPECT_FALSE(open_secret(renamed, key_of(2)));
  SecretUpdate moved = update;
  moved.service = "another";
  EXPECT_FALSE(open_secret(moved, key_of(2)));
}

TEST(Secret, AnUpdateIsSigned) {
  const SecretKey owner = key_of(4);
  SignedSecretUpdate update{update_of(), owner.public_key(), {}};
  update.signature = owner.sign_ecdsa(secret_digest(update.update));
  EXPECT_TRUE(verify_secret(update));
  ++update.update.time_ms;
  EXPECT_FALSE(verify_secret(update));
}

TEST(Secret, TheHostOpensTheAnswerToItsOwnQuestion) {
  SecretsWanted wanted;
  wanted.lease.data.fill(9);
  wanted.time_ms = 5;
  const SecretKey host = key_of(5);
  const SignedSecretsWanted question = sign_wanted(wanted, host);
  EXPECT_TRUE(verify_wanted(question, host.public_key()));
  EXPECT_FALSE(verify_wanted(question, key_of(6).public_key()));
  const SecretValues values = {{BoundedText<64>("TOKEN"), BoundedText<kSecretBytesMax>("hunter2")}};
  const Bytes box = *seal_values(wanted, host.public_key(), values, system_rng());
  EXPECT_EQ(open_values(wanted, host, box), values);
  EXPECT_FALSE(open_values(wanted, key_of(6), box));
  ++wanted.term;
  EXPECT_FALSE(open_values(wanted, host, box));
}

TEST(Secret, AnAnswerWithWhatIsNoVariableDoesNotCount) {
  const SecretKey host = key_of(5);
  const SecretValues bad = {{BoundedText<64>("HTTP_X"), BoundedText<kSecretBytesMax>("x")}};
  EXPECT_FALSE(open_values({}, host, *seal_values({}, host.public_key(), bad, system_rng())));
}

}  // namespace
}  // namespace fog::market
