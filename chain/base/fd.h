// File descriptors: owned, and what the system said when it refused. Linux.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog {

// Owns a descriptor and closes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// Ends the message of whatever failed because a disk or a quota is full.
constexpr std::string_view kSpaceAdvice = "; free some space there, then start again";

// "doing: No such file or directory", or "doing path: ...", from errno. kExhausted when the disk, a
// quota or the descriptors are used up; kNotFound; kAlreadyExists; kPermission; else kIo.
Fail<Error> fail_errno(std::string_view doing, std::string_view path = {});

// Writes all of `bytes`, waiting where it must. On failure an unknown part of them is written.
ErrorOr<void> write_all(int fd, ByteView bytes);

}  // namespace fog
