#include "chain/crypto/aead.h"

#include <algorithm>
#include <new>
#include <string.h>

#include <cryptopp/aes.h>
#include <cryptopp/chachapoly.h>
#include <cryptopp/gcm.h>
#include <cryptopp/pwdbased.h>
#include <cryptopp/scrypt.h>
#include <cryptopp/sha.h>

#include "chain/base/check.h"

namespace fog {
namespace {

constexpr std::size_t kTagSize = 16;
constexpr std::size_t kGcmNonceSizeMax = 1024;
constexpr std::uint64_t kScryptMemoryMax = std::uint64_t{1} << 30;

// Crypto++ wants a pointer even to nothing.
const std::uint8_t* pointer(ByteView view) {
  static constexpr std::uint8_t kNothing = 0;
  return view.empty() ? &kNothing : view.data();
}

template <class Cipher>
Bytes seal(Cipher& cipher, ByteView nonce, ByteView associated, ByteView plain) {
  Bytes out(plain.size() + kTagSize);
  cipher.EncryptAndAuthenticate(out.data(), out.data() + plain.size(), kTagSize, nonce.data(),
                                static_cast<int>(nonce.size()), pointer(associated),
                                associated.size(), pointer(plain), plain.size());
  return out;
}

template <class Cipher>
std::optional<Bytes> open(Cipher& cipher, ByteView nonce, ByteView associated, ByteView sealed) {
  if (sealed.size() < kTagSize) return std::nullopt;
  const std::size_t size = sealed.size() - kTagSize;
  Bytes out(size + 1);  // never empty, so that data() is a pointer
  const bool genuine = cipher.DecryptAndVerify(
      out.data(), sealed.data() + size, kTagSize, nonce.data(), static_cast<int>(nonce.size()),
      pointer(associated), associated.size(), sealed.data(), size);
  out.resize(size);
  if (genuine) return out;
  secure_wipe(out.data(), out.size());
  return std::nullopt;
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
  return seal(cipher, nonce, associated, plain);
}

std::optional<Bytes> chacha20poly1305_open(const AeadKey& key, const AeadNonce& nonce,
                                           ByteView associated, ByteView sealed) {
  CryptoPP::ChaCha20Poly1305::Decryption cipher;
  cipher.SetKeyWithIV(key.data.data(), key.kSize, nonce.data.data(), nonce.kSize);
  return open(cipher, nonce, associated, sealed);
}

Bytes aes_gcm_seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain) {
  CHECK(is_gcm_shape(key, nonce));
  CryptoPP::GCM<CryptoPP::AES>::Encryption cipher;
  cipher.SetKeyWithIV(key.data(), key.size(), nonce.data(), nonce.size());
  return seal(cipher, nonce, associated, plain);
}

std::optional<Bytes> aes_gcm_open(ByteView key, ByteView nonce, ByteView associated,
                                  ByteView sealed) {
  if (!is_gcm_shape(key, nonce)) return std::nullopt;
  CryptoPP::GCM<CryptoPP::AES>::Decryption cipher;
  cipher.SetKeyWithIV(key.data(), key.size(), nonce.data(), nonce.size());
  return open(cipher, nonce, associated, sealed);
}

std::optional<Bytes> scrypt(ByteView passphrase, ByteView salt, std::uint64_t n, std::uint32_t r,
                            std::uint32_t p, std::size_t length) {
  const bool power_of_two = n != 0 && (n & (n - 1)) == 0;
  if (!power_of_two || n < 2 || n > (std::uint64_t{1} << 20) || r < 1 || r > 32 || p < 1 ||
      p > 16 || length < 1 || length > 1024 || 128 * n * r > kScryptMemoryMax) {
    return std::nullopt;
  }
  Bytes out(length);
  try {
    CryptoPP::Scrypt().DeriveKey(out.data(), out.size(), pointer(passphrase), passphrase.size(),
                                 pointer(salt), salt.size(), n, r, p);
  } catch (const CryptoPP::Exception&) {
    return std::nullopt;  // n not below 2^(16 r), RFC 7914 section 2
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
