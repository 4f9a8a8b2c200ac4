#include "executor/worker/container_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fog::executor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPartBytes = 64 * 1024;
constexpr std::chrono::seconds kCloseTime{10};
constexpr long kPollMsMax = 1'000'000;

UniqueFd connect_to(std::uint16_t port) {
  UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!out) return out;
  sockaddr_in place = {};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // On loopback it is there or refused at once; a full queue is waited for by the kernel.
  if (::connect(out.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0)
    out.reset();
  const int one = 1;
  if (out) ::setsockopt(out.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return out;
}

bool try_again(int error) {
  return error == EAGAIN || error == EINTR;
}

int ms_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now()).count();
  return static_cast<int>(std::clamp<long>(left, 0, kPollMsMax));
}

}  // namespace

Fail<Broken> no_answer(std::string why) {
  return Fail{Broken{RunOutcome::kNoAnswer, std::move(why), false}};
}
Fail<Broken> run_cancelled() {
  return Fail{Broken{RunOutcome::kNoAnswer, "", true}};
}

bool listens(std::uint16_t port) {
  return static_cast<bool>(connect_to(port));
}

OrBroken<ContainerLink> ContainerLink::connect(std::uint16_t port, Clock::time_point deadline,
                                               RunIo& io) {
  UniqueFd socket = connect_to(port);
  if (!socket) return no_answer("nothing in the container listens on its port any more");
  return ContainerLink(std::move(socket), deadline, io);
}

OrBroken<void> ContainerLink::wait(short events) {
  io_.flush();
  const auto cancel = io_.cancel_event();
  if (!cancel) return no_answer(cancel.error().context);
  for (;;) {
    const int left = ms_until(deadline_);
    if (left == 0) return Fail{Broken{RunOutcome::kWall, "", false}};
    std::array<pollfd, 2> places = {pollfd{socket_.get(), events, 0}, pollfd{*cancel, POLLIN, 0}};
    if (::poll(places.data(), places.size(), left) <= 0) continue;
    if (places[1].revents != 0) return run_cancelled();
    return {};
  }
}

OrBroken<void> ContainerLink::send(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && !try_again(errno)) return {};
    if (sent < 0) TRY_VOID(wait(POLLOUT));
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

OrBroken<std::size_t> ContainerLink::receive(std::span<std::uint8_t> out) {
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), out.data(), out.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (!try_again(errno))
      return no_answer("the container closed the connection before it had answered");
    TRY_VOID(wait(POLLIN));
  }
}

// ---- after an upgrade ----

OrBroken<void> ContainerLink::carry(const Give& give) {
  const auto event = io_.body_event();
  if (!event) return no_answer(event.error().context);
  part_.resize(kPartBytes);
  auto end = deadline_;
  for (;;) {
    io_.flush();
    const bool asks_user = user_open_ && pending_.empty();
    const bool sends = !pending_.empty();
    std::array<pollfd, 2> places = {
        pollfd{socket_.get(), static_cast<short>(sends ? POLLIN | POLLOUT : POLLIN), 0},
        pollfd{asks_user ? *event : -1, POLLIN, 0}};
    const int left = ms_until(end);
    if (left == 0 && !user_open_ && end < deadline_) return {};
    if (left == 0) return Fail{Broken{RunOutcome::kWall, "", false}};
    if (::poll(places.data(), places.size(), left) <= 0) continue;
    if ((places[0].revents & ~POLLOUT) != 0) {
      TRY(const bool open, take_from_container(give));
      if (!open) return {};
    }
    if (places[1].revents != 0) {
      TRY_VOID(take_from_user());
      if (!user_open_) end = std::min(deadline_, Clock::now() + kCloseTime);
    }
    send_pending();
  }
}

// False once it has closed.
OrBroken<bool> ContainerLink::take_from_container(const Give& give) {
  const ssize_t got = ::recv(socket_.get(), part_.data(), part_.size(), MSG_DONTWAIT);
  if (got < 0 && try_again(errno)) return true;
  if (got <= 0) return false;
  TRY_VOID(give(ByteView(part_).first(static_cast<std::size_t>(got))));
  return true;
}

OrBroken<void> ContainerLink::take_from_user() {
  const auto got = io_.read_body(part_);
  if (!got) return run_cancelled();
  pending_.assign(part_.begin(), part_.begin() + static_cast<std::ptrdiff_t>(*got));
  user_open_ = *got > 0;
  if (!user_open_) ::shutdown(socket_.get(), SHUT_WR);
  return {};
}

void ContainerLink::send_pending() {
  if (pending_.empty()) return;
  const ssize_t sent =
      ::send(socket_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // Gone: the next read says so.
  if (sent < 0 && !try_again(errno)) pending_.clear();
  if (sent > 0) pending_.erase(pending_.begin(), pending_.begin() + sent);
}

}  // namespace fog::executor
