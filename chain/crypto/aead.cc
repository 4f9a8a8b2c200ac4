#include "chain/crypto/aead.h"

#include <new>
#include <string.h>
#include <utility>

#include <cryptopp/aes.h>
#include <cryptopp/chachapoly.h>
#include <cryptopp/pwdbased.h>
#include <cryptopp/scrypt.h>
#include <cryptopp/sha.h>
#include <openssl/modes.h>

#include "chain/base/check.h"

namespace fog {
namespace {

constexpr std::size_t kTagSize = 16;
constexpr std::size_t kGcmNonceSizeMax = 1024;
constexpr std::uint64_t kScryptMemoryMax = std::uint64_t{1} << 30;

// Crypto++ wants a pointer even to nothing.
constexpr std::uint8_t kNothing = 0;
const std::uint8_t* pointer(ByteView view) {
  return view.empty() ? &kNothing : view.data();
}

// AES-GCM is put together from OpenSSL's mode and the block cipher of Crypto++: the mode of
// Crypto++ 8.7 loses the carry when the 32-bit counter wraps, OpenSSL's EVP takes nonces of 128
// bytes at most, and both fail published vectors for it.
class Gcm {
 public:
  Gcm(ByteView key, ByteView nonce, ByteView associated)
      : cipher_(key.data(), key.size()), state_(CRYPTO_gcm128_new(&cipher_, encrypt_block)) {
    CHECK(state_ != nullptr);
    CRYPTO_gcm128_setiv(state_, nonce.data(), nonce.size());
    CHECK(CRYPTO_gcm128_aad(state_, pointer(associated), associated.size()) == 0);
  }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;
  ~Gcm() { CRYPTO_gcm128_release(state_); }

  void encrypt(ByteView plain, std::uint8_t* out) {
    CHECK(CRYPTO_gcm128_encrypt(state_, pointer(plain), out, plain.size()) == 0);
    CRYPTO_gcm128_tag(state_, out + plain.size(), kTagSize);
  }
  // Whether the tag that follows the ciphertext matches.
  bool decrypt(ByteView sealed, std::uint8_t* out) {
    const std::size_t size = sealed.size() - kTagSize;
    CHECK(CRYPTO_gcm128_decrypt(state_, sealed.data(), out, size) == 0);
    return CRYPTO_gcm128_finish(state_, sealed.data() + size, kTagSize) == 0;
  }

 private:
  static void encrypt_block(const std::uint8_t* in, std::uint8_t* out, const void* cipher) {
    static_cast<const CryptoPP::AES::Encryption*>(cipher)->ProcessBlock(in, out);
  }

  CryptoPP::AES::Encryption cipher_;
  GCM128_CONTEXT* state_;
};

// What was opened if it is genuine; otherwise it is wiped, so that nobody acts on it.
std::optional<Bytes> judge(Bytes opened, std::size_t size, bool genuine) {
  if (!genuine) {
    secure_wipe(opened.data(), opened.size());
    return std::nullopt;
  }
  opened.resize(size);
  return opened;
}

bool is_gcm_shape(ByteView key, ByteView nonce) {
  return (key.size() == 16 || key.size() == 24 || key.size() == 32) && !nonce.empty() &&
         nonce.size() <= kGcmNonceSizeMax;
}

}  // namespace

Bytes chacha20poly1305_seal(const AeadKey& key, const AeadNonce& nonce, ByteView associated,
                            ByteView plain) {
  CryptoPP::ChaCha20Poly1305::Encryption cipher;
  cipher.SetKeyWithIV(key.data.data(), key.kSize, nonce.data.data(), nonce.kSize);
  Bytes out(plain.size() + kTagSize);
  cipher.EncryptAndAuthenticate(out.data(), out.data() + plain.size(), kTagSize, nonce.data.data(),
                                static_cast<int>(nonce.kSize), pointer(associated),
                                associated.size(), pointer(plain), plain.size());
  return out;
}

std::optional<Bytes> chacha20poly1305_open(const AeadKey& key, const AeadNonce& nonce,
                                           ByteView associated, ByteView sealed) {
  if (sealed.size() < kTagSize) return std::nullopt;
  CryptoPP::ChaCha20Poly1305::Decryption cipher;
  cipher.SetKeyWithIV(key.data.data(), key.kSize, nonce.data.data(), nonce.kSize);
  const std::size_t size = sealed.size() - kTagSize;
  Bytes out(sealed.size());  // never empty, so that data() is a pointer
  const bool genuine = cipher.DecryptAndVerify(
      out.data(), sealed.data() + size, kTagSize, nonce.data.data(), static_cast<int>(nonce.kSize),
      pointer(associated), associated.size(), sealed.data(), size);
  return judge(std::move(out), size, genuine);
}

Bytes aes_gcm_seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain) {
  CHECK(is_gcm_shape(key, nonce));
  Bytes out(plain.size() + kTagSize);
  Gcm(key, nonce, associated).encrypt(plain, out.data());
  return out;
}

std::optional<Bytes> aes_gcm_open(ByteView key, ByteView nonce, ByteView associated,
                                  ByteView sealed) {
  if (!is_gcm_shape(key, nonce) || sealed.size() < kTagSize) return std::nullopt;
  Bytes out(sealed.size());
  const bool genuine = Gcm(key, nonce, associated).decrypt(sealed, out.data());
  return judge(std::move(out), sealed.size() - kTagSize, genuine);
}

std::optional<Bytes> scrypt(ByteView passphrase, ByteView salt, std::uint64_t n, std::uint32_t r,
                            std::uint32_t p, std::size_t length) {
  const bool power_of_two = n != 0 && (n & (n - 1)) == 0;
  if (!power_of_two || n < 2 || n > (std::uint64_t{1} << 20) || r < 1 || r > 32 || p < 1 ||
      p > 16 || length < 1 || length > 1024 || 128 * n * r > kScryptMemoryMax ||
      (r == 1 && n >= (std::uint64_t{1} << 16))) {  // n below 2^(16 r), RFC 7914 section 2
    return std::nullopt;
  }
  Bytes out(length);
  try {
    CryptoPP::Scrypt().DeriveKey(out.data(), out.size(), pointer(passphrase), passphrase.size(),
                                 pointer(salt), salt.size(), n, r, p);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  return out;
}

FixedBytes<64> pbkdf2_sha512(ByteView passphrase, ByteView salt, std::uint32_t iterations) {
  CHECK(iterations >= 1);
  FixedBytes<64> out;
  CryptoPP::PKCS5_PBKDF2_HMAC<CryptoPP::SHA512>().DeriveKey(out.data.data(), out.kSize, 0,
                                                            pointer(passphrase), passphrase.size(),
                                                            pointer(salt), salt.size(), iterations);
  return out;
}

void secure_wipe(void* data, std::size_t size) {
  if (size != 0) explicit_bzero(data, size);
}

}  // namespace fog
