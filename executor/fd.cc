#include "executor/fd.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace fog::executor {
namespace {

constexpr std::size_t kFdsMax = 4;

}  // namespace

ErrorOr<std::pair<UniqueFd, UniqueFd>> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail_errno("cannot make a socket pair");
  }
  return std::pair<UniqueFd, UniqueFd>(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

ErrorOr<std::pair<UniqueFd, UniqueFd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
  return std::pair<UniqueFd, UniqueFd>(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

ErrorOr<UniqueFd> make_memory(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail_errno("cannot make a memory file");
  return fd;
}

ErrorOr<UniqueFd> make_sealed_memory(const char* name, ByteView content) {
  TRY(UniqueFd fd, make_memory(name));
  TRY_VOID(write_all(fd.get(), content));
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return fail_errno("cannot seal a memory file");
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return fail_errno("cannot rewind a memory file");
  return fd;
}

ErrorOr<Bytes> read_all(int fd, std::size_t max_bytes) {
  Bytes out;
  struct stat status = {};
  // The kernel's own files say zero.
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
    out.reserve(std::min(static_cast<std::size_t>(status.st_size), max_bytes));
  std::array<std::uint8_t, 64 * 1024> chunk;
  off_t at = 0;
  for (;;) {
    const ssize_t got = ::pread(fd, chunk.data(), chunk.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read");
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > max_bytes) {
      return fail(ErrorCode::kExhausted, "larger than " + std::to_string(max_bytes) + " bytes");
    }
    append(out, {chunk.data(), static_cast<std::size_t>(got)});
    at += got;
  }
}

ErrorOr<void> send_all(int socket, ByteView bytes, const std::vector<int>& fds) {
  CHECK(fds.size() <= kFdsMax && (fds.empty() || !bytes.empty()));
  bool first = !fds.empty();
  while (!bytes.empty()) {
    iovec part = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFdsMax)> control{};
    if (first) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
      std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
    }
    const ssize_t put = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("cannot send");
    first = false;
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

ErrorOr<std::size_t> receive(int socket, std::span<std::uint8_t> out, std::vector<UniqueFd>& fds,
                             int flags) {
  for (;;) {
    iovec part = {out.data(), out.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFdsMax)> control{};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return fail(ErrorCode::kUnavailable, "nothing has come yet");
    }
    if (got < 0) return fail_errno("cannot receive");
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      std::array<int, kFdsMax> received{};
      std::memcpy(received.data(), CMSG_DATA(header), sizeof(int) * std::min(count, kFdsMax));
      for (std::size_t i = 0; i < std::min(count, kFdsMax); ++i) fds.emplace_back(received[i]);
    }
    return static_cast<std::size_t>(got);
  }
}

ErrorOr<void> set_nonblocking(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return fail_errno("cannot read a descriptor's flags");
  const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (::fcntl(fd, F_SETFL, wanted) != 0) return fail_errno("cannot set a descriptor's flags");
  return {};
}

}  // namespace fog::executor
