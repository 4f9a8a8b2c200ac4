// A file's bytes, whatever its size.
#include "chain/base/mapped_file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fog {
namespace {

TEST(MappedFile, HoldsWhatTheFileHolds) {
  const testing::TempDir folder;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{70'000}}) {
    const std::string text(size, 'x');
    std::ofstream(folder / "file") << text;
    const auto file = MappedFile::open(folder / "file");
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(as_text(file->bytes()), text);
  }
}

TEST(MappedFile, MovesAndSaysWhatIsMissing) {
  const testing::TempDir folder;
  std::ofstream(folder / "file") << "bytes";
  MappedFile one = *MappedFile::open(folder / "file");
  MappedFile other = std::move(one);
  EXPECT_EQ(as_text(other.bytes()), "bytes");
  one = std::move(other);
  EXPECT_EQ(as_text(one.bytes()), "bytes");
  EXPECT_EQ(MappedFile::open(folder / "none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace fog
