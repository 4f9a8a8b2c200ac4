// UniqueFd closes exactly once, whoever holds it last; fail_errno says what the system said.
#include "chain/base/fd.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace fog {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}
int open_null() {
  return ::open("/dev/null", O_RDWR | O_CLOEXEC);
}

TEST(UniqueFd, ClosesWhatItOwns) {
  int number = -1;
  {
    const UniqueFd fd(open_null());
    ASSERT_TRUE(fd);
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
  EXPECT_FALSE(UniqueFd());
}

TEST(UniqueFd, AMoveLeavesOneOwner) {
  UniqueFd first(open_null());
  UniqueFd second(open_null());
  const int kept = first.get();
  const int replaced = second.get();
  second = std::move(first);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_EQ(second.get(), kept);
  const UniqueFd third(std::move(second));
  EXPECT_TRUE(is_open(kept));
}

TEST(UniqueFd, WhatIsReleasedIsTheCallers) {
  UniqueFd fd(open_null());
  const int number = fd.release();
  EXPECT_FALSE(fd);
  fd.reset();
  EXPECT_TRUE(is_open(number));
  EXPECT_EQ(::close(number), 0);
}

TEST(FailErrno, SaysWhatTheSystemSaid) {
  const auto error_of = [](int number) {
    errno = number;
    return fail_errno("cannot open", "/a/b").error;
  };
  EXPECT_EQ(error_of(ENOENT).context, "cannot open /a/b: No such file or directory");
  EXPECT_EQ(error_of(ENOENT).code, ErrorCode::kNotFound);
  EXPECT_EQ(error_of(EACCES).code, ErrorCode::kPermission);
  EXPECT_EQ(error_of(EEXIST).code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(error_of(ENOSPC).code, ErrorCode::kExhausted);
  EXPECT_EQ(error_of(ENOSPC).context,
            "cannot open /a/b: No space left on device; free some space there, then start again");
  EXPECT_EQ(error_of(EIO).code, ErrorCode::kIo);
  errno = EIO;
  EXPECT_EQ(fail_errno("cannot sync").error.context, "cannot sync: Input/output error");
}

TEST(WriteAll, WritesAllOrSaysWhyNot) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd in(ends[0]);
  const UniqueFd out(ends[1]);
  ASSERT_TRUE(write_all(out.get(), as_bytes("fog")));
  char got[4] = {};
  EXPECT_EQ(::read(in.get(), got, sizeof got), 3);
  EXPECT_STREQ(got, "fog");
  EXPECT_EQ(write_all(in.get(), as_bytes("x")).error().code, ErrorCode::kIo) << "its reading end";
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_all(full.get(), as_bytes("x")).error().code, ErrorCode::kExhausted);
}

}  // namespace
}  // namespace fog
