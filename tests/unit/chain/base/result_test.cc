// A Result holds a value or the reason there is none, hands both on, and cannot be misread.
#include "chain/base/result.h"

#include <memory>

#include <gtest/gtest.h>

#include "chain/base/error.h"

namespace fog {
namespace {

ErrorOr<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorCode::kInvalidInput, "odd");
  return number / 2;
}
ErrorOr<int> quarter(int number) {
  TRY(const int once, half(number));
  TRY(const int twice, half(once));
  return twice;
}
ErrorOr<void> must_be_even(int number) {
  TRY_VOID(half(number));
  return {};
}

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_EQ(*half(8), 4);
  EXPECT_FALSE(half(7));
  EXPECT_EQ(half(7).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(half(7).error().context, "odd");
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().context, "odd");
  EXPECT_TRUE(must_be_even(2));
  EXPECT_EQ(must_be_even(1).error().code, ErrorCode::kInvalidInput);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>, Error> result = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, ReadingTheWrongSideStopsTheProgram) {
  EXPECT_DEATH((void)*half(7), "CHECK failed");
  EXPECT_DEATH((void)half(8).error(), "CHECK failed");
}

TEST(Error, SaysWhereItHappened) {
  const Error error{ErrorCode::kCorrupt, "checksum differs"};
  EXPECT_EQ(error.within("block 7").context, "block 7: checksum differs");
  EXPECT_EQ(error.within("block 7").code, ErrorCode::kCorrupt);
}

TEST(Error, EveryCodeHasAName) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kUnavailable); ++code) {
    EXPECT_NE(error_code_name(static_cast<ErrorCode>(code)), "unknown") << code;
  }
}

}  // namespace
}  // namespace fog
