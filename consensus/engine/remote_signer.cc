#include "consensus/engine/remote_signer.h"

#include "chain/crypto/hash.h"

namespace fog {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long the signer may take to greet: it may be busy with a beacon chain, and nobody waits here.
constexpr milliseconds kGreetLimit{2'000};
constexpr milliseconds kRetryInterval{200};

// What the caller is told of a refusal; a broken or busy signer may be another after a restart.
ErrorCode code_of(signer_wire::Refusal why) {
  switch (why) {
    case signer_wire::Refusal::kForbidden:
    case signer_wire::Refusal::kNotYet:
    case signer_wire::Refusal::kWrongSecret:
      return ErrorCode::kRejected;
    case signer_wire::Refusal::kWrongChain:
      return ErrorCode::kInvalidInput;
    case signer_wire::Refusal::kNoVote:
      return ErrorCode::kProtocol;
    case signer_wire::Refusal::kBusy:
    case signer_wire::Refusal::kBroken:
      return ErrorCode::kUnavailable;
  }
  return ErrorCode::kProtocol;
}

// The answer of the wanted kind; a refusal as its error.
template <class Wanted>
ErrorOr<Wanted> exchange(int socket, const signer_wire::Request& request, Deadline deadline) {
  // A busy signer says so and hangs up before it is asked: then sending fails, and it must be read.
  const auto sent = send_until(socket, signer_wire::encode_frame(request), deadline);
  signer_wire::FrameCutter frames;
  signer_wire::Answer answer;
  for (bool whole = false; !whole;) {
    const auto bytes = receive_until(socket, deadline);
    if (!bytes) return Fail{sent ? bytes.error() : sent.error()};
    frames.push(*bytes);
    TRY(whole, frames.next(answer));
  }
  if (const auto* wanted = std::get_if<Wanted>(&answer)) return *wanted;
  if (const auto* refused = std::get_if<signer_wire::Refused>(&answer)) {
    const std::string& text = refused->text;
    return fail(code_of(refused->why), "the signer refuses: " + text);
  }
  return fail(ErrorCode::kProtocol, "the signer answers something else than it was asked");
}

}  // namespace

ErrorOr<RemoteSigner::Link> RemoteSigner::reach(const RemoteSignerOptions& options,
                                                milliseconds limit) {
  TRY(UniqueFd socket, connect_unix(options.path));
  const signer_wire::Hello hello{signer_wire::kVersion, options.chain_id};
  TRY(const auto welcome,
      exchange<signer_wire::Welcome>(socket.get(), hello, steady_clock::now() + limit));
  const VoteRecord& record = welcome.record;
  if (record.chain_id != options.chain_id || (options.key && record.key != *options.key)) {
    return fail(ErrorCode::kInvalidInput,
                "the signer holds the key of validator " + to_hex0x(record.key) +
                    (options.key ? ", this node is of validator " + to_hex0x(*options.key) +
                                       ": give the path of its own signer"
                                 : ", and its record is of another chain"));
  }
  return Link{std::move(socket), record};
}

ErrorOr<std::unique_ptr<RemoteSigner>> RemoteSigner::open(RemoteSignerOptions options) {
  const auto end = steady_clock::now() + milliseconds(options.first_wait_ms);
  const milliseconds limit = options.key ? milliseconds(options.deadline_ms) : kGreetLimit;
  for (;;) {
    auto link = reach(options, limit);
    if (link) {
      options.key = link->record.key;
      return std::unique_ptr<RemoteSigner>(new RemoteSigner(std::move(options), *std::move(link)));
    }
    const ErrorCode code = link.error().code;
    if (code == ErrorCode::kInvalidInput || code == ErrorCode::kPermission)
      return Fail{link.error()};
    if (options.key) {
      options.log("no votes until the signer is reached: " + link.error().context);
      return std::unique_ptr<RemoteSigner>(new RemoteSigner(std::move(options), std::nullopt));
    }
    if (steady_clock::now() >= end) {
      return fail(ErrorCode::kUnavailable,
                  "the signer has not been reached, and this node does not know yet whose it is: " +
                      link.error().context + ". Start the signer first");
    }
    std::this_thread::sleep_for(kRetryInterval);
  }
}

RemoteSigner::RemoteSigner(RemoteSignerOptions options, std::optional<Link> link)
    : options_(std::move(options)) {
  if (link) {
    socket_ = std::move(link->socket);
    record_ = link->record;
    reached_ = true;
  }
  thread_ = std::thread([this] { run(); });
}

RemoteSigner::~RemoteSigner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

// Reaches the signer whenever the connection has fallen.
void RemoteSigner::run() {
  std::string told;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_for(lock, kRetryInterval, [this] { return stopping_ || !socket_; });
    if (stopping_) return;
    // Between questions it has nothing to say: found out before a vote is.
    if (socket_ && !is_quiet(socket_.get())) lose({ErrorCode::kNetwork, "it has hung up"});
    if (socket_) continue;
    lock.unlock();
    auto link = reach(options_, kGreetLimit);
    if (link) {
      options_.log("the signer is reached");
      told.clear();
    } else if (link.error().context != told) {
      told = link.error().context;
      options_.log("no votes until the signer is reached: " + told);
    }
    lock.lock();
    if (link) {
      socket_ = std::move(link->socket);
      record_ = link->record;
      reached_ = true;
    } else {
      changed_.wait_for(lock, kRetryInterval, [this] { return stopping_; });
    }
  }
}

std::optional<VoteRecord> RemoteSigner::record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

Fail<Error> RemoteSigner::lose(const Error& why) {
  socket_.reset();
  reached_ = false;
  changed_.notify_all();
  options_.log("the signer is lost: " + why.context);
  return fail(ErrorCode::kUnavailable, why.context);
}

template <class Wanted>
ErrorOr<Wanted> RemoteSigner::ask(const signer_wire::Request& request) {
  if (!socket_) return fail(ErrorCode::kUnavailable, "the signer is not reached");
  auto answer = exchange<Wanted>(socket_.get(), request,
                                 steady_clock::now() + milliseconds(options_.deadline_ms));
  if (answer) return answer;
  // What comes late must not be taken for the answer to the next request.
  if (answer.error().code != ErrorCode::kRejected) return lose(answer.error());
  options_.log(answer.error().context);
  return answer;
}

ErrorOr<ValidatorSignature> RemoteSigner::sign(const Vote& vote, std::uint8_t index) {
  const std::lock_guard lock(mutex_);
  TRY(const auto answer, ask<signer_wire::Signed>(signer_wire::SignVote{options_.chain_id, vote}));
  if (!verify_schnorr(key(), vote_digest(options_.chain_id, vote), answer.signature))
    return lose({ErrorCode::kProtocol, "the signer has given a signature that does not verify"});
  record_ = record_after(*record_, vote);
  return ValidatorSignature{index, answer.signature};
}

ErrorOr<BeaconReveal> RemoteSigner::reveal(const ValidatorRecord& record) {
  const std::lock_guard lock(mutex_);
  TRY(const auto answer, ask<signer_wire::Revealed>(signer_wire::RevealLink{
                             options_.chain_id, record.beacon_tip, record.beacon_remaining}));
  if (sha256(answer.reveal.link) != record.beacon_tip ||
      answer.reveal.next_commitment.has_value() != (record.beacon_remaining == 1)) {
    return lose({ErrorCode::kProtocol, "the signer has given a beacon link that does not fit"});
  }
  return answer.reveal;
}

}  // namespace fog
