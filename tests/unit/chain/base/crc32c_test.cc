// CRC-32C gives RFC 3720's answers (appendix B.4) and can be continued.
#include "chain/base/crc32c.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

TEST(Crc32c, GivesRfc3720Answers) {
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(Bytes(32, 0xFF)), 0x62A8AB43U);
  Bytes ascending(32);
  Bytes descending(32);
  for (std::uint8_t i = 0; i < 32; ++i) {
    ascending[i] = i;
    descending[i] = static_cast<std::uint8_t>(31 - i);
  }
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c(descending), 0x113FDB5CU);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, ContinuesWhereverItIsCut) {
  testing::SeededRng rng(1);
  const Bytes data = rng.bytes(100);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    EXPECT_EQ(crc32c(ByteView(data).subspan(cut), crc32c(ByteView(data).first(cut))), crc32c(data));
  }
}

TEST(Crc32c, SeesEveryFlippedBit) {
  testing::SeededRng rng(2);
  Bytes data = rng.bytes(70);
  const std::uint32_t good = crc32c(data);
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    data[bit / 8] = static_cast<std::uint8_t>(data[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_NE(crc32c(data), good);
    data[bit / 8] = static_cast<std::uint8_t>(data[bit / 8] ^ (1U << (bit % 8)));
  }
}

}  // namespace
}  // namespace fog
