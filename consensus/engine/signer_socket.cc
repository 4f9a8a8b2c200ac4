#include "consensus/engine/signer_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace fog {
namespace {

constexpr int kBacklog = 8;
constexpr std::size_t kReadBytes = 2'048;

ErrorOr<sockaddr_un> address_of_path(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path) ||
      path.find('\0') != std::string::npos) {
    return fail(ErrorCode::kInvalidInput,
                "a socket's path has 1 to " + std::to_string(sizeof(address.sun_path) - 1) +
                    " bytes, \"" + path + "\" has " + std::to_string(path.size()));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

ErrorOr<UniqueFd> make_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("cannot make a socket");
  return fd;
}

// Only this user may enter.
ErrorOr<void> check_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("cannot make the directory", directory);
  struct stat status = {};
  if (::stat(directory.c_str(), &status) != 0) return fail_errno("cannot look at", directory);
  if (!S_ISDIR(status.st_mode))
    return fail(ErrorCode::kAlreadyExists, directory + " is not a directory");
  if (status.st_uid != ::geteuid()) {
    return fail(ErrorCode::kPermission,
                "the socket's directory " + directory + " belongs to another user");
  }
  if ((status.st_mode & 077U) != 0) {
    return fail(ErrorCode::kPermission, "others may enter the socket's directory " + directory +
                                            "; mend it with: chmod 700 " + directory);
  }
  return {};
}

// A socket that a killed process has left is taken away.
ErrorOr<void> clear_place(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("cannot look at", path);
  }
  if (!S_ISSOCK(status.st_mode))
    return fail(ErrorCode::kAlreadyExists, path + " is there already and is not a socket");
  if (connect_unix(path))
    return fail(ErrorCode::kUnavailable, "another process serves the socket " + path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("cannot remove", path);
  return {};
}

// Whether `events` came before the deadline.
ErrorOr<void> wait_for(int socket, short events, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(ErrorCode::kTimeout, "no answer in time");
    pollfd entry = {socket, events, 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno("cannot wait for a socket");
  }
}

Fail<Error> lost() {
  return fail(ErrorCode::kNetwork, "the connection is gone");
}

}  // namespace

ErrorOr<UniqueFd> listen_unix(const std::string& path) {
  TRY(const sockaddr_un address, address_of_path(path));
  TRY_VOID(check_directory(parent_dir(path)));
  TRY_VOID(clear_place(path));
  TRY(UniqueFd fd, make_socket());
  // Linux makes the socket's file with this mode.
  if (::fchmod(fd.get(), 0600) != 0) return fail_errno("cannot set the mode of a socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return fail_errno("cannot make the socket", path);
  if (::listen(fd.get(), kBacklog) != 0) return fail_errno("cannot listen on", path);
  return fd;
}

ErrorOr<UniqueFd> connect_unix(const std::string& path) {
  TRY(const sockaddr_un address, address_of_path(path));
  TRY(UniqueFd fd, make_socket());
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN)
      return fail(ErrorCode::kUnavailable, "nobody serves the socket " + path);
    return fail_errno("cannot connect to", path);
  }
  if (!is_own_user(fd.get())) {
    return fail(ErrorCode::kPermission, "the socket " + path + " is served by another user");
  }
  return fd;
}

bool is_own_user(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && size == sizeof(peer) &&
         peer.uid == ::geteuid();
}

bool is_quiet(int socket) {
  pollfd entry = {socket, POLLIN | POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) == 0;
}

ErrorOr<void> send_until(int socket, ByteView bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      TRY_VOID(wait_for(socket, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return lost();
    }
  }
  return {};
}

ErrorOr<Bytes> receive_until(int socket, Deadline deadline) {
  std::array<std::uint8_t, kReadBytes> chunk{};
  for (;;) {
    const ssize_t got = ::recv(socket, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got > 0) return Bytes(chunk.begin(), chunk.begin() + got);
    if (got == 0) return lost();
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      TRY_VOID(wait_for(socket, POLLIN, deadline));
    } else if (errno != EINTR) {
      return lost();
    }
  }
}

}  // namespace fog
