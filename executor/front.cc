#include "executor/front.h"

#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <sys/prctl.h>

#include "chain/base/file.h"
#include "executor/front_session.h"
#include "executor/tunnel_frame.h"

namespace fog::executor {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t kConnectionsMax = 1024;
constexpr std::uint64_t kTrimEveryTicks = 10;
constexpr std::size_t kStoreThreads = 8;

void say(const std::string& line) {
  (void)write_all(2, as_bytes("front: " + line + "\n"));
}

// ---- the agent's socket ----

// Reads frames with the descriptors that come with them, and writes frames in order.
class AgentLink {
 public:
  AgentLink(asio::io_context& io, int socket) : socket_(io), buffer_(64 * 1024) {
    socket_.assign(stream_protocol(), socket);
    socket_.non_blocking(true);
  }

  // `take` gets each frame; the descriptors wait in fds(). `gone` is called once at the end, with
  // whether the agent broke the protocol.
  void start(std::function<bool(const Frame&)> take, std::function<void(bool broken)> gone) {
    take_ = std::move(take);
    gone_ = std::move(gone);
    wait();
  }
  std::deque<UniqueFd>& fds() { return fds_; }

  void send(Bytes frame) {
    out_.push_back(std::move(frame));
    if (!writing_) write();
  }

 private:
  void wait() {
    socket_.async_wait(stream_protocol::socket::wait_read, [this](error_code error) {
      if (error) return gone_(false);
      read();
    });
  }
  void read() {
    std::vector<UniqueFd> fds;
    const auto got = receive(socket_.native_handle(), buffer_, fds, MSG_DONTWAIT);
    if (!got && got.error().code == ErrorCode::kUnavailable) return wait();
    if (!got || *got == 0) return gone_(false);
    for (UniqueFd& fd : fds) fds_.push_back(std::move(fd));
    reader_.push(ByteView(buffer_).first(*got));
    for (;;) {
      auto frame = reader_.next();
      if (!frame || (*frame && !take_(**frame))) return gone_(true);
      if (!*frame) return wait();
    }
  }
  void write() {
    writing_ = true;
    asio::async_write(socket_, asio::buffer(out_.front()), [this](error_code error, std::size_t) {
      writing_ = false;
      out_.pop_front();
      // The reader finds out as well, and ends the process.
      if (!error && !out_.empty()) write();
    });
  }

  stream_protocol::socket socket_;
  Bytes buffer_;
  FrameReader reader_;
  std::deque<UniqueFd> fds_;
  std::function<bool(const Frame&)> take_;
  std::function<void(bool)> gone_;
  std::deque<Bytes> out_;
  bool writing_ = false;
};

// ---- the front ----

class Front final : public ReplicaDirectory {
 public:
  explicit Front(const FrontOptions& options)
      : outbound_(io_, options.outbound),
        context_{io_,
                 disk_,
                 outbound_,
                 options.folder + "/usage",
                 options.folder + "/spool",
                 options.folder + "/keyvalue",
                 keyvalue_,
                 [this](Bytes frame) { agent_.send(std::move(frame)); },
                 views_},
        leaves_quota_bytes_(options.leaves_quota_bytes),
        agent_(io_, options.control),
        acceptor_(io_),
        ticker_(io_) {
    acceptor_.assign(asio::ip::tcp::v4(), options.listener);
    acceptor_.non_blocking(true);
  }

  int run() {
    agent_.start([this](const Frame& frame) { return take(frame); },
                 [this](bool broken) {
                   if (broken) say("the agent broke the protocol");
                   status_ = broken ? 2 : 0;
                   io_.stop();
                 });
    ListeningFrame listening;
    listening.port = acceptor_.local_endpoint().port();
    agent_.send(encode_frame(listening));
    accept();
    tick();
    io_.run();
    // Vouchers that are being written are written to their end.
    disk_.join();
    keyvalue_.join();
    return status_;
  }

  std::shared_ptr<FrontReplica> find(const ReplicaId& replica) override {
    const auto it = replicas_.find(replica);
    return it == replicas_.end() ? nullptr : it->second;
  }
  FrontContext& context() override { return context_; }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, asio::ip::tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      // Out of descriptors, say: those who hold them will let go of them.
      if (!error && connections_.use_count() <= static_cast<long>(kConnectionsMax)) {
        std::make_shared<FrontSession>(std::move(socket), *this, connections_)->start();
      }
      accept();
    });
  }

  void tick() {
    ticker_.expires_after(std::chrono::seconds(1));
    ticker_.async_wait([this](error_code error) {
      if (error) return;
      std::uint64_t keep_ms = 0;
      for (const auto& [id, replica] : replicas_) {
        replica->tick();
        keep_ms = std::max(keep_ms, replica->serve().leaves_keep_ms);
      }
      if (++ticks_ % kTrimEveryTicks == 0) {
        asio::post(disk_, [folder = context_.usage_folder, quota = leaves_quota_bytes_, keep_ms] {
          trim_leaves(folder, quota, keep_ms);
        });
      }
      tick();
    });
  }

  bool take(const Frame& frame) {
    if (decode_frame<ConnectionFrame>(frame)) return take_connection();
    switch (static_cast<FrontFrame>(frame.kind)) {
      case FrontFrame::kServe:
        return serve(frame);
      case FrontFrame::kWorker:
        return take_worker(frame);
      case FrontFrame::kStop:
        return stop(frame);
      case FrontFrame::kClaim:
        return claim(frame);
      case FrontFrame::kForget:
        return forget(frame);
      case FrontFrame::kViewTold:
        return view_told(frame);
      case FrontFrame::kReserve:
        return reserve(frame);
      case FrontFrame::kListening:
      case FrontFrame::kWorkerLost:
      case FrontFrame::kStopped:
      case FrontFrame::kClaims:
      case FrontFrame::kUse:
      case FrontFrame::kViewAsked:
      case FrontFrame::kOpened:
        return false;
    }
    return false;
  }

  bool serve(const Frame& frame) {
    auto terms = decode_frame<ServeFrame>(frame);
    if (!terms) return false;
    const ReplicaId id = terms->replica;
    if (const auto known = find(id)) {
      known->resume();
      return true;
    }
    auto replica = FrontReplica::open(context_, *std::move(terms));
    if (replica) {
      replicas_.emplace(id, *std::move(replica));
      return true;
    }
    say(to_text(id) + ": " + replica.error().context);
    StoppedFrame stopped;
    stopped.replica = id;
    stopped.why = clean_text<256>(replica.error().context);
    agent_.send(encode_frame(stopped));
    return true;
  }
  bool take_worker(const Frame& frame) {
    const auto worker = decode_frame<WorkerSocketFrame>(frame);
    if (!worker || agent_.fds().empty()) return false;
    UniqueFd socket = std::move(agent_.fds().front());
    agent_.fds().pop_front();
    const auto replica = find(worker->replica);
    if (replica != nullptr && !replica->stopping()) replica->set_worker(std::move(socket));
    return true;
  }
  // As if it had been accepted.
  bool take_connection() {
    if (agent_.fds().empty()) return false;
    UniqueFd fd = std::move(agent_.fds().front());
    agent_.fds().pop_front();
    if (connections_.use_count() > static_cast<long>(kConnectionsMax)) return true;
    asio::ip::tcp::socket socket(io_);
    error_code error;
    socket.assign(asio::ip::tcp::v4(), fd.get(), error);
    if (error) return true;
    (void)fd.release();
    socket.non_blocking(true, error);
    std::make_shared<FrontSession>(std::move(socket), *this, connections_)->start();
    return true;
  }
  bool stop(const Frame& frame) {
    const auto wanted = decode_frame<StopFrame>(frame);
    if (!wanted) return false;
    if (const auto replica = find(wanted->replica)) {
      replica->stop();
    } else {
      StoppedFrame stopped;
      stopped.replica = wanted->replica;
      agent_.send(encode_frame(stopped));
    }
    return true;
  }
  bool reserve(const Frame& frame) {
    const auto wanted = decode_frame<ReserveFrame>(frame);
    if (!wanted) return false;
    if (const auto replica = find(wanted->replica))
      replica->reserve(wanted->reserved, wanted->ticket);
    return true;
  }
  bool claim(const Frame& frame) {
    const auto wanted = decode_frame<ClaimFrame>(frame);
    if (!wanted) return false;
    ClaimsFrame claims;
    claims.id = wanted->id;
    if (const auto replica = find(wanted->replica)) claims = replica->claims(*wanted);
    agent_.send(encode_frame(claims));
    return true;
  }
  bool forget(const Frame& frame) {
    const auto wanted = decode_frame<ForgetFrame>(frame);
    if (!wanted) return false;
    if (const auto replica = find(wanted->replica)) replica->close();
    replicas_.erase(wanted->replica);
    std::error_code ignored;
    for (const std::string& folder : {context_.usage_folder, context_.keyvalue_folder})
      std::filesystem::remove_all(folder + "/" + to_text(wanted->replica), ignored);
    return true;
  }

  bool view_told(const Frame& frame) {
    const auto told = decode_frame<ViewToldFrame>(frame);
    if (!told || (told->status == 101 && agent_.fds().empty())) return false;
    UniqueFd socket;
    if (told->status == 101) {
      socket = std::move(agent_.fds().front());
      agent_.fds().pop_front();
    }
    // Of a question to the front before this one: nobody waits for it.
    (void)views_.answer(*told, std::move(socket));
    return true;
  }

  asio::io_context io_{1};
  asio::thread_pool disk_{2};
  // One that waits for the disk must not keep the others waiting.
  asio::thread_pool keyvalue_{kStoreThreads};
  OutboundClient outbound_;
  FrontViews views_{io_, [this](Bytes frame) { agent_.send(std::move(frame)); }};
  FrontContext context_;
  const std::uint64_t leaves_quota_bytes_;
  std::uint64_t ticks_ = 0;
  AgentLink agent_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer ticker_;
  std::map<ReplicaId, std::shared_ptr<FrontReplica>> replicas_;
  const std::shared_ptr<void> connections_ = std::make_shared<int>(0);
  int status_ = 0;
};

int start_front(const FrontOptions& options) {
  for (const char* folder : {"/usage", "/spool", "/keyvalue"}) {
    if (const auto made = make_folder(options.folder + folder); !made) {
      say(made.error().context);
      return 1;
    }
  }
  return Front(options).run();
}

}  // namespace

namespace {
constexpr std::string_view kOffWord = "--outbound-off";
constexpr std::string_view kPrivateWord = "--outbound-private=";
constexpr std::string_view kLeavesWord = "--leaves-mib=";
}  // namespace

ErrorOr<FrontOptions> front_options(std::span<char* const> words) {
  if (words.empty()) return fail(ErrorCode::kInvalidInput, "no folder");
  FrontOptions out;
  out.folder = words[0];
  std::vector<AddressBlock> blocks;
  for (const std::string_view word : words.subspan(1)) {
    if (word == kOffWord) {
      out.outbound.off = true;
    } else if (word.starts_with(kPrivateWord)) {
      TRY(const AddressBlock block, parse_address_block(word.substr(kPrivateWord.size())));
      blocks.push_back(block);
    } else if (word.starts_with(kLeavesWord)) {
      const std::string_view digits = word.substr(kLeavesWord.size());
      std::uint32_t mib = 0;
      const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), mib);
      if (digits.empty() || end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
        return fail(ErrorCode::kInvalidInput, "no number of MiB: " + std::string(word));
      }
      out.leaves_quota_bytes = std::uint64_t{mib} << 20;
    } else {
      return fail(ErrorCode::kInvalidInput, "unknown word " + std::string(word));
    }
  }
  out.outbound.addresses = AddressPolicy(std::move(blocks));
  return out;
}

std::vector<std::string> front_words(const std::string& folder, const OutboundSettings& outbound,
                                     std::uint64_t leaves_quota_bytes) {
  std::vector<std::string> out = {folder};
  out.push_back(std::string(kLeavesWord) + std::to_string(leaves_quota_bytes >> 20));
  if (outbound.off) out.emplace_back(kOffWord);
  for (const std::string& block : outbound.private_blocks) {
    out.push_back(std::string(kPrivateWord) + block);
  }
  return out;
}

int run_front(const FrontOptions& options) {
  // A terminal's Ctrl-C goes to all; the agent decides when its front ends, by closing the socket.
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  // Whoever gets in here gains nothing by running another program.
  CHECK(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  try {
    return start_front(options);
  } catch (const std::exception& error) {  // asio's constructors and run()
    say(error.what());
    return 1;
  }
}

}  // namespace fog::executor
