#include "chain/crypto/node_hash.h"

#include <cstring>

#include "chain/crypto/hash.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace fog {
namespace {

Hash32 hash_portably(const NodeHashJob& job) {
  const std::uint8_t prefix[] = {job.prefix};
  return sha256({prefix, *job.left, *job.right});
}

#if defined(__x86_64__)

// What the functions below are compiled for; called only where the processor has it.
#define FOG_SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

bool has_sha_instructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  const bool has_sse = (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return has_sse && (b & bit_SHA) != 0;
}

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// 65 bytes and their padding: two blocks.
struct PaddedNode {
  explicit PaddedNode(const NodeHashJob& job) {
    bytes[0] = job.prefix;
    std::memcpy(bytes + 1, job.left->data.data(), 32);
    std::memcpy(bytes + 33, job.right->data.data(), 32);
    std::memset(bytes + 65, 0, sizeof bytes - 65);
    bytes[65] = 0x80;
    bytes[126] = 65 * 8 >> 8;
    bytes[127] = 65 * 8 & 0xFF;
  }
  alignas(16) std::uint8_t bytes[128];
};

// The eight words of a state as the instructions want them: a, b, e, f and c, d, g, h.
struct State {
  __m128i abef;
  __m128i cdgh;
};

// One block into each of N states. Four rounds of each take turns; with everything unrolled the
// arrays are registers.
template <std::size_t N>
FOG_SHA_TARGET inline void compress(State (&states)[N], const std::uint8_t* const (&blocks)[N]) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  State before[N];
  __m128i words[N][4];
  for (std::size_t n = 0; n < N; ++n) {
    before[n] = states[n];
    for (std::size_t i = 0; i < 4; ++i) {
      const auto* at = reinterpret_cast<const __m128i*>(blocks[n] + 16 * i);
      words[n][i] = _mm_shuffle_epi8(_mm_load_si128(at), swap);
    }
  }
#pragma GCC unroll 16
  for (std::size_t group = 0; group < 16; ++group) {
    const __m128i constants =
        _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants + 4 * group));
#pragma GCC unroll 2
    for (std::size_t n = 0; n < N; ++n) {
      __m128i& oldest = words[n][group % 4];
      const __m128i& newest = words[n][(group + 3) % 4];
      const __m128i input = _mm_add_epi32(oldest, constants);
      State& s = states[n];
      s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, input);
      s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(input, 0x0E));
      if (group >= 12) continue;
      const __m128i middle = _mm_alignr_epi8(newest, words[n][(group + 2) % 4], 4);
      const __m128i first = _mm_sha256msg1_epu32(oldest, words[n][(group + 1) % 4]);
      oldest = _mm_sha256msg2_epu32(_mm_add_epi32(first, middle), newest);
    }
  }
  for (std::size_t n = 0; n < N; ++n) {
    states[n].abef = _mm_add_epi32(states[n].abef, before[n].abef);
    states[n].cdgh = _mm_add_epi32(states[n].cdgh, before[n].cdgh);
  }
}

template <std::size_t N>
FOG_SHA_TARGET void hash_with_instructions(const NodeHashJob* jobs) {
  State states[N];
  const std::uint8_t* first[N];
  const std::uint8_t* second[N];
  for (std::size_t n = 0; n < N; ++n) {
    states[n].abef = _mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f,
                                   static_cast<int>(0x9b05688c));
    states[n].cdgh =
        _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19);
  }
  const auto run = [&](const PaddedNode* padded) FOG_SHA_TARGET {
    for (std::size_t n = 0; n < N; ++n) {
      first[n] = padded[n].bytes;
      second[n] = padded[n].bytes + 64;
    }
    compress<N>(states, first);
    compress<N>(states, second);
  };
  if constexpr (N == 1) {
    const PaddedNode padded[] = {PaddedNode(jobs[0])};
    run(padded);
  } else {
    static_assert(N == 2);
    const PaddedNode padded[] = {PaddedNode(jobs[0]), PaddedNode(jobs[1])};
    run(padded);
  }
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (std::size_t n = 0; n < N; ++n) {
    // Back to a, b, c, d and e, f, g, h, each word big-endian.
    const __m128i feba = _mm_shuffle_epi32(states[n].abef, 0x1B);
    const __m128i dchg = _mm_shuffle_epi32(states[n].cdgh, 0xB1);
    const __m128i dcba = _mm_blend_epi16(feba, dchg, 0xF0);
    const __m128i hgfe = _mm_alignr_epi8(dchg, feba, 8);
    auto* out = reinterpret_cast<__m128i*>(jobs[n].out->data.data());
    _mm_storeu_si128(out, _mm_shuffle_epi8(dcba, swap));
    _mm_storeu_si128(out + 1, _mm_shuffle_epi8(hgfe, swap));
  }
}

#undef FOG_SHA_TARGET

const bool kHasShaInstructions = has_sha_instructions();

#endif

}  // namespace

void node_hashes(std::span<const NodeHashJob> jobs) {
#if defined(__x86_64__)
  if (kHasShaInstructions) {
    std::size_t at = 0;
    for (; at + 2 <= jobs.size(); at += 2) hash_with_instructions<2>(jobs.data() + at);
    if (at < jobs.size()) hash_with_instructions<1>(jobs.data() + at);
    return;
  }
#endif
  for (const NodeHashJob& job : jobs) *job.out = hash_portably(job);
}

Hash32 node_hash(std::uint8_t prefix, const Hash32& left, const Hash32& right) {
  Hash32 out;
  const NodeHashJob job{prefix, &left, &right, &out};
  node_hashes({&job, 1});
  return out;
}

}  // namespace fog
