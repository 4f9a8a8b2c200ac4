// A file with a secret is read as its one line, and only when it is private.
#include "chain/base/secret_file.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fog {
namespace {

class SecretFileTest : public ::testing::Test {
 protected:
  ErrorOr<std::string> read_back(std::string_view text, FileMode mode = FileMode::kPrivate,
                                 std::size_t size_max = 64) {
    const std::string path = dir_ / "secret";
    EXPECT_TRUE(write_file_atomic(system_env(), path, as_bytes(text), mode));
    return read_secret_line(system_env(), path, size_max);
  }
  testing::TempDir dir_;
};

TEST_F(SecretFileTest, OneLineEndIsNotPartOfIt) {
  for (const char* end : {"", "\n", "\r\n", "\r"}) {
    EXPECT_EQ(*read_back(std::string("correct horse") + end), "correct horse");
  }
  EXPECT_EQ(*read_back(" spaces stay \n"), " spaces stay ");
  EXPECT_EQ(*read_back(""), "");
}

TEST_F(SecretFileTest, MoreLinesAreRefused) {
  for (const char* text : {"a\nb", "a\n\n", "a\rb\n", "\n\n"}) {
    EXPECT_EQ(read_back(text).error().code, ErrorCode::kInvalidInput) << text;
  }
}

TEST_F(SecretFileTest, OthersMustNotReadIt) {
  const auto open = read_back("secret\n", FileMode::kShared);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, ErrorCode::kPermission);
  EXPECT_NE(open.error().context.find("chmod 600"), std::string::npos);
}

TEST_F(SecretFileTest, AbsentOrTooLargeSaysSo) {
  EXPECT_EQ(read_secret_line(system_env(), dir_ / "none", 64).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(read_back("1234", FileMode::kPrivate, 4));
  EXPECT_EQ(read_back("12345", FileMode::kPrivate, 4).error().code, ErrorCode::kExhausted);
}

}  // namespace
}  // namespace fog
