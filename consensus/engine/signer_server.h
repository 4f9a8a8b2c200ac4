// SignerServer: a signer behind a unix socket.
//
// One node at a time. A second one is told so and let go as long as the first is connected: the
// system closes a dead process's connection at once, so whoever holds the place is alive, and two
// nodes with one signer are a mistake that taking turns would hide.
#pragma once

#include <functional>
#include <thread>

#include "consensus/engine/signer_service.h"
#include "consensus/engine/signer_socket.h"

namespace fog {

struct SignerServerOptions {
  std::string path;
  // One line a call, from the server's thread.
  std::function<void(std::string_view line)> log = [](std::string_view) {};
  // Called once, from the server's thread, when nothing can be signed any more. The server has
  // stopped then.
  std::function<void(const Error& error)> on_failure = [](const Error&) {};
};

class SignerServer {
 public:
  // Serves from a thread of its own; the signer must outlive the server. Errors as listen_unix.
  static ErrorOr<std::unique_ptr<SignerServer>> start(Signer& signer, SignerServerOptions options);
  // Hangs up and removes the socket.
  ~SignerServer();
  SignerServer(const SignerServer&) = delete;
  SignerServer& operator=(const SignerServer&) = delete;

 private:
  struct Client {
    UniqueFd socket;
    signer_wire::FrameCutter frames;
  };

  SignerServer(Signer& signer, SignerServerOptions options, UniqueFd listener, UniqueFd stop);
  void run();
  void accept_one();
  void serve_client();
  ErrorOr<void> answer_client();
  void hang_up(const std::string& why);

  SignerService service_;
  const SignerServerOptions options_;
  const UniqueFd listener_;
  const UniqueFd stop_;  // an eventfd
  std::optional<Client> client_;
  std::thread thread_;
};

}  // namespace fog
