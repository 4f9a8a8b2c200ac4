#include "executor/sealed_stream.h"

#include "chain/base/check.h"
#include "chain/crypto/hash.h"

namespace fog::executor {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kTagBytes = 16;

AeadNonce nonce_of(std::uint64_t number) {
  AeadNonce out;
  for (std::size_t i = 0; i < 8; ++i)
    out.data[4 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  return out;
}

}  // namespace

std::optional<SealedStream> SealedStream::make(const SecretKey& mine, const PublicKey& theirs,
                                               ByteView salt, ByteView info, StreamSide side) {
  auto shared = ecdh(mine, theirs);
  if (!shared) return std::nullopt;
  Bytes keys = hkdf_sha256(*shared, salt, info, 2 * AeadKey::kSize);
  secure_wipe(shared->data.data(), shared->data.size());
  SealedStream out;
  const ByteView view(keys);
  const auto first = fixed_from<AeadKey::kSize>(view.first(AeadKey::kSize));
  const auto second = fixed_from<AeadKey::kSize>(view.last(AeadKey::kSize));
  CHECK(first.has_value() && second.has_value());
  out.out_key_ = side == StreamSide::kAsker ? *first : *second;
  out.in_key_ = side == StreamSide::kAsker ? *second : *first;
  secure_wipe(keys.data(), keys.size());
  return out;
}

SealedStream::~SealedStream() {
  secure_wipe(out_key_.data.data(), out_key_.data.size());
  secure_wipe(in_key_.data.data(), in_key_.data.size());
}

Bytes SealedStream::seal(ByteView plain) {
  CHECK(plain.size() <= kSealedPlainMax);
  const Bytes sealed = chacha20poly1305_seal(out_key_, nonce_of(sealed_++), {}, plain);
  Bytes out;
  out.reserve(kLengthBytes + sealed.size());
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    out.push_back(static_cast<std::uint8_t>(sealed.size() >> (8 * i)));
  append(out, sealed);
  return out;
}

void SealedStream::push(ByteView bytes) {
  if (!broken_) append(buffer_, bytes);
}

ErrorOr<std::optional<Bytes>> SealedStream::next() {
  const auto broken = [this] {
    broken_ = true;
    return fail(ErrorCode::kProtocol,
                "the connection was tampered with, or its end is not who it "
                "should be");
  };
  if (broken_) return broken();
  if (buffer_.size() < kLengthBytes) return std::optional<Bytes>();
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::size_t{buffer_[i]} << (8 * i);
  if (length < kTagBytes || length > kSealedPlainMax + kTagBytes) return broken();
  if (buffer_.size() < kLengthBytes + length) return std::optional<Bytes>();
  auto plain = chacha20poly1305_open(in_key_, nonce_of(opened_++), {},
                                     ByteView(buffer_).subspan(kLengthBytes, length));
  if (!plain) return broken();
  buffer_.erase(buffer_.begin(),
                buffer_.begin() + static_cast<std::ptrdiff_t>(kLengthBytes + length));
  return plain;
}

}  // namespace fog::executor
