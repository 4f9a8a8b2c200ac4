// RemoteSigner: a signer in another process, over a unix socket (signer_server.h).
//
// The replica's thread waits for an answer no longer than the deadline, once: a signer that has not
// answered, or is gone, is unavailable at once for all later calls, until a thread of this class
// has reached it again. What a vote was asked for and not answered may have been signed and put
// into the record; asking again gives the same signature.
//
// Signatures and links are checked before they are handed on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "consensus/engine/signer.h"
#include "consensus/engine/signer_socket.h"

namespace fog {

struct RemoteSignerOptions {
  std::string path;
  ChainId chain_id;
  // Whose signer it must be; nothing: whosever it is.
  std::optional<XOnlyKey> key;
  std::uint64_t deadline_ms = 200;
  // How long open() tries to reach it when `key` is not known.
  std::uint64_t first_wait_ms = 10'000;
  // One line a call, from any thread.
  std::function<void(std::string_view line)> log = [](std::string_view) {};
};

class RemoteSigner final : public Signer {
 public:
  // With a known key a signer that cannot be reached is no error: it may come.
  //
  // kUnavailable: it cannot be reached and the key is not known. kInvalidInput: it is of another
  // chain or key. kPermission: another user serves the socket.
  static ErrorOr<std::unique_ptr<RemoteSigner>> open(RemoteSignerOptions options);
  ~RemoteSigner() override;
  RemoteSigner(const RemoteSigner&) = delete;
  RemoteSigner& operator=(const RemoteSigner&) = delete;

  const XOnlyKey& key() const override { return *options_.key; }
  std::optional<VoteRecord> record() const override;
  ErrorOr<ValidatorSignature> sign(const Vote& vote, std::uint8_t index) override;
  ErrorOr<BeaconReveal> reveal(const ValidatorRecord& record) override;
  // From any thread.
  bool is_reached() const { return reached_; }

 private:
  struct Link {
    UniqueFd socket;
    VoteRecord record;
  };

  RemoteSigner(RemoteSignerOptions options, std::optional<Link> link);
  static ErrorOr<Link> reach(const RemoteSignerOptions& options, std::chrono::milliseconds limit);
  void run();
  // Of the connection that stands; when it fails, or the answer is not what was asked for, it
  // falls.
  template <class Wanted>
  ErrorOr<Wanted> ask(const signer_wire::Request& request);
  Fail<Error> lose(const Error& why);

  const RemoteSignerOptions options_;
  std::atomic<bool> reached_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  UniqueFd socket_;                   // guarded by mutex_, as all below
  std::optional<VoteRecord> record_;  // outlives the connection
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fog
