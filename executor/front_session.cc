#include "executor/front_session.h"

#include <algorithm>
#include <charconv>

#include <boost/asio/post.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "executor/serving.h"

namespace fog::executor {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kHeadBytesMax = 64 * 1024;
constexpr std::uint64_t kOwnBodyBytesMax = 64 * 1024;
constexpr std::uint64_t kNoBodyLimit = 1ULL << 62;
constexpr std::uint64_t kTimeMsMax = 1ULL << 43;
constexpr std::chrono::seconds kIdleTime{75};
constexpr std::size_t kTicketHexMax = 1'024;
constexpr std::string_view kVoucherPath = "/.fog/voucher";
constexpr std::string_view kLeavesPath = "/.fog/leaves";
constexpr std::string_view kHealthPath = "/.fog/health";

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  std::uint64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool equal_macs(const Hash32& a, const Hash32& b) {
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < Hash32::kSize; ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

// The head as the workload sees it and as both ends hash it; a sentence when it is out of bounds.
template <class Message>
Result<market::RequestHead, std::string> request_head(const Message& message) {
  market::RequestHead head;
  head.method.assign(view(message.method_string()));
  head.target.assign(view(message.target()));
  if (head.method.size() > head.method.kMax) return Fail{std::string("the method is too long")};
  if (head.target.size() > head.target.kMax) return Fail{std::string("the URL is too long")};
  const http::token_list named{message[http::field::connection]};
  for (const auto& field : message) {
    const auto name = field.name_string();
    if (std::any_of(named.begin(), named.end(),
                    [&](auto token) { return beast::iequals(token, name); })) {
      continue;
    }
    market::HttpField out;
    out.name.assign(view(name));
    out.value.assign(view(field.value()));
    if (out.name.size() > out.name.kMax || out.value.size() > out.value.kMax) {
      return Fail{"the header " + out.name.substr(0, 64) + " is too long"};
    }
    head.fields.push_back(std::move(out));
  }
  market::make_canonical(head);
  if (head.fields.size() > head.fields.kMax) return Fail{std::string("too many headers")};
  return head;
}

std::string admission_sentence(Admission admission) {
  switch (admission) {
    case Admission::kYes:
      return "";
    case Admission::kSettled:
      return "this index is already settled by a voucher";
    case Admission::kServed:
      return "this index has already been served";
    case Admission::kUnvouchered:
      return "too many requests are not covered by a voucher; send one to /.fog/voucher";
    case Admission::kBroken:
      return "this Host cannot write its usage log";
  }
  CHECK(false);
}

}  // namespace

FrontSession::FrontSession(asio::ip::tcp::socket socket, ReplicaDirectory& replicas,
                           std::shared_ptr<void> count)
    : stream_(std::move(socket)),
      replicas_(replicas),
      count_(std::move(count)),
      chunk_(kChunkBytesMax) {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

// ---- reading ----

void FrontSession::read_head() {
  request_.reset();
  exchange_.reset();
  streaming_.reset();
  held_back_ = false;
  body_.reset();
  own_ = nullptr;
  parser_.emplace();
  parser_->header_limit(kHeadBytesMax);
  // Bounded by what is read, see on_body_part. (Boost 1.74 refuses any body under boost::none.)
  parser_->body_limit(kNoBodyLimit);
  stream_.expires_after(kIdleTime);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error == http::error::end_of_stream) return self->close();
                            if (error == http::error::header_limit) {
                              self->keep_alive_ = false;
                              return self->refuse(431, "the head is larger than 64 KiB");
                            }
                            if (!error) self->on_head();
                          });
}

void FrontSession::on_head() {
  keep_alive_ = parser_->keep_alive();
  const auto& message = parser_->get();
  const std::string_view target = view(message.target());
  const bool linked = message.find("Fog-Lease") != message.end();
  if (!linked && target == kHealthPath && message.method() == http::verb::get) {
    return answer(200, "text/plain", "serving\n");
  }
  const bool posted = !linked && message.method() == http::verb::post;
  if (posted && target == kVoucherPath) {
    own_ = &FrontSession::on_voucher;
    body_bytes_max_ = kOwnBodyBytesMax;
  } else if (posted && target == kLeavesPath) {
    own_ = &FrontSession::on_leaves;
    body_bytes_max_ = kOwnBodyBytesMax;
  } else if (posted && target == kViewPath) {
    own_ = &FrontSession::on_view;
    body_bytes_max_ = kViewQueryBytesMax;
  } else {
    auto checked = check_link();
    if (!checked) return refuse(checked.error().status, checked.error().why);
    request_ = *std::move(checked);
    body_bytes_max_ = request_->replica->serve().manifest.request_bytes_max;
    // From here on the index is this request's, whoever else asks for it.
    request_->link->log->begin(request_->index);
  }
  const auto length = parser_->content_length();
  if (length && *length > body_bytes_max_) return refuse(413, "the body is larger than allowed");
  body_.emplace(replicas_.context().spool_folder);
  // Its body is of the protocol that may be switched to.
  if (request_ && request_->switches) return run();
  if (!beast::iequals(message[http::field::expect], "100-continue")) return read_body();
  auto go_on = std::make_shared<std::string>("HTTP/1.1 100 Continue\r\n\r\n");
  asio::async_write(stream_, asio::buffer(*go_on),
                    [self = shared_from_this(), go_on](error_code error, std::size_t) {
                      error ? self->free_index() : self->read_body();
                    });
}

Result<FrontSession::Forwarded, FrontSession::Refusal> FrontSession::check_link() {
  const auto& message = parser_->get();
  const auto field = [&](const char* name) { return view(message[name]); };
  const auto refused = [](unsigned status, std::string why) {
    return Fail{Refusal{status, std::move(why)}};
  };
  const auto replica_id = replica_from_text(field("Fog-Lease"));
  const auto gateway = address_from_text(field("Fog-Gateway"));
  const auto index = parse_u64(field("Fog-Index"));
  const auto time_ms = parse_u64(field("Fog-Time"));
  const auto mac = fixed_from_hex<32>(field("Fog-Mac"));
  if (!replica_id || !gateway || !index || !time_ms || !mac || *time_ms > kTimeMsMax) {
    return refused(400, "this is a Host: requests come from gateways, with Fog-* headers");
  }
  Forwarded out;
  out.replica = replicas_.find(*replica_id);
  if (out.replica == nullptr) return refused(404, "this Host does not hold that lease and term");
  out.link = out.replica->link_of(*gateway);
  if (out.link == nullptr) return refused(403, "the bid does not authorize that gateway");
  auto head = request_head(message);
  if (!head) return refused(431, head.error());
  out.head = *std::move(head);
  if (const auto protocol = field("Fog-Upgrade"); !protocol.empty()) {
    if (out.replica->serve().manifest.runtime != market::RuntimeKind::kContainer ||
        out.head.fields.size() == out.head.fields.kMax || !message.chunked())
      return refused(400, "only a container's service can switch protocols, with a body in chunks");
    out.head.fields.push_back({std::string(market::kProtocolField), std::string(protocol)});
    market::make_canonical(out.head);
    out.switches = true;
  }
  out.head.time_ms = *time_ms;
  out.index = *index;
  const std::string text =
      market::request_mac_text(replica_id->lease, replica_id->term, *index, out.head);
  if (!equal_macs(*mac, hmac_sha256(out.link->gateway.link_key, as_bytes(text)))) {
    return refused(403, "Fog-Mac does not fit the request");
  }
  if (out.replica->stopping()) return refused(503, "this Host is giving the lease back");
  if (out.replica->reserved()) {
    const auto bytes = from_hex(field("Fog-Ticket").substr(0, kTicketHexMax)).value_or(Bytes{});
    const auto ticket = bcs_decode<market::SignedTicket>(bytes);
    if (!ticket || !out.replica->open_by(*ticket, out.link->gateway))
      return refused(409, "the lease is a reservation, and Fog-Ticket does not open it");
  }
  const Admission admission = out.link->log->admit(*index);
  if (admission == Admission::kYes) return out;
  const bool used = admission == Admission::kSettled || admission == Admission::kServed;
  if (!used) ++out.replica->use.refused;
  return refused(used ? 409 : 503, admission_sentence(admission));
}

void FrontSession::read_body() {
  if (parser_->is_done()) return on_body();
  parser_->get().body().data = chunk_.data();
  parser_->get().body().size = chunk_.size();
  parser_->get().body().more = true;
  stream_.expires_after(kConnectionPartTime);
  http::async_read_some(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_body_part(error); });
}

void FrontSession::on_body_part(error_code error) {
  if (error == http::error::need_buffer) error = {};
  // Gone, or not HTTP: there is nobody to answer.
  if (error) return free_index();
  const std::size_t size = chunk_.size() - parser_->get().body().size;
  if (body_->size() + size > body_bytes_max_) return refuse(413, "the body is larger than allowed");
  if (const auto kept = body_->append(ByteView(chunk_).first(size)); !kept) {
    return refuse(503, "this Host has no room for the body: " + kept.error().context);
  }
  read_body();
}

void FrontSession::on_body() {
  stream_.expires_never();
  if (own_ != nullptr) return (this->*own_)();
  run();
}

// ---- vouchers ----

void FrontSession::on_voucher() {
  Bytes bytes(static_cast<std::size_t>(body_->size()));
  if (!body_->read(0, bytes)) return refuse(503, "this Host cannot read the voucher back");
  const auto update = bcs_decode<market::VoucherUpdate>(bytes);
  if (!update) return refuse(400, "the body is not a VoucherUpdate");
  const market::Voucher& voucher = update->voucher.voucher;
  const auto replica = replicas_.find({voucher.lease, voucher.term});
  FrontLink* link = replica == nullptr ? nullptr : replica->link_of(voucher.gateway);
  if (link == nullptr) return refuse(404, "this Host does not hold that lease for that gateway");
  if (link->log->voucher_pending()) return refuse(503, "a voucher is being written; send it again");
  // What is settled has its leaves in the kernel.
  link->leaves->flush();
  auto taken = link->log->take_voucher(*update);
  if (!taken) return refuse_voucher(taken.error(), link->log->missing(*update));
  if (!*taken) return answer(204, "", "");
  auto pending = std::make_shared<PendingVoucher>(**std::move(taken));
  FrontContext& context = replicas_.context();
  asio::post(context.disk, [self = shared_from_this(), replica, link, pending, &context] {
    auto synced = link->log->sync();
    asio::post(context.io, [self, replica, link, pending, synced = std::move(synced)] {
      link->log->finish_voucher(*pending, synced);
      if (!synced) return self->refuse(503, "the voucher cannot be stored");
      self->answer(204, "", "");
    });
  });
}

// ---- a Publisher's view ----

void FrontSession::on_view() {
  if (!beast::iequals(parser_->get()[http::field::upgrade], kViewProtocol.data()))
    return refuse(400, "this path is for `Upgrade: fog-view`");
  Bytes query(static_cast<std::size_t>(body_->size()));
  if (!body_->read(0, query)) return refuse(503, "this Host cannot read the query back");
  const bool asked = replicas_.context().views.ask(
      std::move(query),
      [self = shared_from_this()](std::uint16_t status, const std::string& why, UniqueFd socket) {
        self->on_view_told(status, why, std::move(socket));
      });
  if (!asked) refuse(503, "this Host is asked too much; again in a second");
}

void FrontSession::on_view_told(std::uint16_t status, const std::string& why, UniqueFd socket) {
  if (status != 101 || !socket) return refuse(status == 101 ? 503 : status, why);
  auto head = std::make_shared<std::string>(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: fog-view\r\n\r\n");
  stream_.expires_after(kConnectionPartTime);
  asio::async_write(
      stream_, asio::buffer(*head),
      [self = shared_from_this(), head, agent = std::make_shared<UniqueFd>(std::move(socket))](
          error_code error, std::size_t) {
        if (error) return;
        self->stream_.expires_never();
        Bytes first(self->buffer_.size());
        asio::buffer_copy(asio::buffer(first), self->buffer_.data());
        self->replicas_.context().views.carry(self->stream_.release_socket(), std::move(first),
                                              std::move(*agent), self->count_);
      });
}

// ---- running ----

void FrontSession::run() {
  since_ = std::chrono::steady_clock::now();
  FrontReplica& replica = *request_->replica;
  const std::string& folder = replicas_.context().spool_folder;
  exchange_ =
      std::make_shared<Exchange>(run_frame(request_->link->terms, request_->head, request_->index),
                                 *std::exchange(body_, std::nullopt), Spool(folder));
  for (const auto& [name, value] : replica.serve().secrets)
    exchange_->run.env.push_back({to_bytes(as_bytes(name)), to_bytes(as_bytes(value))});
  exchange_->live_body = request_->switches;
  if (request_->switches) keep_alive_ = false;
  exchange_->progressed = [self = shared_from_this()] { self->on_progress(); };
  replica.submit(exchange_,
                 [self = shared_from_this()](const DoneFrame& done, const std::string& refused) {
                   self->on_run_end(done, refused);
                 });
}

void FrontSession::on_run_end(const DoneFrame& done, const std::string& refused) {
  exchange_->progressed = nullptr;
  if (streaming_ && streaming_->broken) return free_index();
  if (refused.empty() && !done.cancelled) return on_end(done);
  if (refused.empty() && streaming_) {
    // A container's stream that its End User has left has ended well.
    DoneFrame left = done;
    left.outcome = RunOutcome::kOk;
    return on_end(left);
  }
  ++request_->replica->use.refused;
  refuse(503, refused.empty() ? "the request was broken off" : refused);
}

}  // namespace fog::executor
