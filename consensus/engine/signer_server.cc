#include "consensus/engine/signer_server.h"

#include <array>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/socket.h>

namespace fog {
namespace {

// A node that does not take an answer, which fits into its socket's buffer, has stopped.
constexpr std::chrono::milliseconds kSendLimit{1'000};

Deadline send_deadline() {
  return std::chrono::steady_clock::now() + kSendLimit;
}

}  // namespace

ErrorOr<std::unique_ptr<SignerServer>> SignerServer::start(Signer& signer,
                                                           SignerServerOptions options) {
  TRY(UniqueFd listener, listen_unix(options.path));
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return fail_errno("cannot make an event descriptor");
  return std::unique_ptr<SignerServer>(
      new SignerServer(signer, std::move(options), std::move(listener), std::move(stop)));
}

SignerServer::SignerServer(Signer& signer, SignerServerOptions options, UniqueFd listener,
                           UniqueFd stop)
    : service_(signer),
      options_(std::move(options)),
      listener_(std::move(listener)),
      stop_(std::move(stop)),
      thread_([this] { run(); }) {}

SignerServer::~SignerServer() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  ::unlink(options_.path.c_str());
}

void SignerServer::run() {
  while (!service_.failure()) {
    std::array<pollfd, 3> entries = {
        pollfd{stop_.get(), POLLIN, 0},
        pollfd{listener_.get(), POLLIN, 0},
        pollfd{client_ ? client_->socket.get() : -1, POLLIN | POLLRDHUP, 0},
    };
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    if (entries[0].revents != 0) return;
    // What a node has asked before it was gone, nobody waits for.
    if ((entries[2].revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0) {
      hang_up("the node has hung up");
    } else if (entries[2].revents != 0) {
      serve_client();
    }
    if (entries[1].revents != 0) accept_one();
  }
  client_.reset();
  options_.on_failure(*service_.failure());
}

void SignerServer::accept_one() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  if (!is_own_user(socket.get())) {
    options_.log("refused a connection by a process of another user");
    return;
  }
  if (client_) {
    options_.log("refused a second node while one is connected");
    const auto refusal = signer_wire::Answer(signer_wire::refuse(
        signer_wire::Refusal::kBusy, "another node is connected to this signer"));
    // Best effort: it is let go in any case.
    (void)send_until(socket.get(), signer_wire::encode_frame(refusal), send_deadline()).has_value();
    return;
  }
  client_.emplace(Client{std::move(socket), {}});
  options_.log("a node has connected");
}

void SignerServer::serve_client() {
  if (const auto answered = answer_client(); !answered) hang_up(answered.error().context);
}

ErrorOr<void> SignerServer::answer_client() {
  TRY(const Bytes bytes, receive_until(client_->socket.get(), send_deadline()));
  client_->frames.push(bytes);
  while (!service_.failure()) {
    signer_wire::Request request;
    TRY(const bool whole, client_->frames.next(request));
    if (!whole) return {};
    const signer_wire::Answer answer = service_.answer(request);
    if (const auto* refused = std::get_if<signer_wire::Refused>(&answer))
      options_.log("refused: " + static_cast<const std::string&>(refused->text));
    TRY_VOID(send_until(client_->socket.get(), signer_wire::encode_frame(answer), send_deadline()));
  }
  return {};
}

void SignerServer::hang_up(const std::string& why) {
  options_.log("the connection to the node has ended: " + why);
  client_.reset();
}

}  // namespace fog
