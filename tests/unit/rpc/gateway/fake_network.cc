#include "tests/unit/rpc/gateway/fake_network.h"

namespace fog::gateway::testing {
namespace {

SecretKey key_from(std::uint64_t number) {
  Bytes seed;
  append_be64(seed, number);
  return *SecretKey::from_bytes(sha256(seed));
}

std::string text(beast::string_view value) {
  return {value.data(), value.size()};
}

}  // namespace

EchoHost::EchoHost(std::uint64_t key_number)
    : key(key_from(key_number)),
      acceptor_(context_, tcp::endpoint(net::ip::address_v4::loopback(), 0)) {
  port = acceptor_.local_endpoint().port();
  accepting_ = std::thread([this] {
    while (true) {
      beast::error_code error;
      tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      const std::lock_guard lock(mutex_);
      if (error || stopping_) return;
      serving_.emplace_back([this, s = std::move(socket)]() mutable { serve(std::move(s)); });
    }
  });
}

EchoHost::~EchoHost() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (tcp::socket* socket : open_) ::shutdown(socket->native_handle(), SHUT_RDWR);
    changed_.notify_all();
  }
  // A connection of our own wakes the accept call.
  tcp::socket wake(context_);
  beast::error_code error;
  wake.connect(tcp::endpoint(net::ip::address_v4::loopback(), port), error);
  accepting_.join();
  for (std::thread& thread : serving_) thread.join();
}

void EchoHost::serve(tcp::socket socket) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    open_.push_back(&socket);
  }
  beast::flat_buffer buffer;
  while (true) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(64 << 20);
    beast::error_code error;
    socket.wait(tcp::socket::wait_read, error);
    std::this_thread::sleep_for(std::chrono::milliseconds(busy_ms.exchange(0)));
    http::read(socket, buffer, parser, error);
    if (error) break;
    const auto& request = parser.get();
    if (!(request.target() == "/.fog/voucher" ? answer_voucher(socket, request)
                                              : answer(socket, request)))
      break;
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, &socket);
}

bool EchoHost::answer(tcp::socket& socket, const http::request<http::string_body>& request) {
  std::string body = request.body();
  {
    std::unique_lock lock(mutex_);
    ++seen_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return mode != Mode::kHold || stopping_; });
    if (body_) body = *body_;
  }
  const Mode how = mode;
  if (how == Mode::kHangUp) return false;
  const std::uint64_t index = std::stoull(text(request["Fog-Index"]));
  const auto link = market::make_link_key(key, gateway_key, lease, 1);
  auto head = *link_head<market::RequestHead>(request);
  head.method = text(request.method_string());
  head.target = text(request.target());
  head.time_ms = std::stoull(text(request["Fog-Time"]));
  const auto mac = hmac_sha256(link, as_bytes(market::request_mac_text(lease, 1, index, head)));
  const bool genuine = to_hex(mac) == text(request["Fog-Mac"]);
  http::response<http::string_body> out(!genuine                      ? http::status::forbidden
                                        : how == Mode::kWorkloadFails ? http::status::bad_gateway
                                                                      : http::status::ok,
                                        11);
  out.set("content-type", "text/x-echo");
  out.set("x-target", request.target());
  out.set("x-forwarded-for-seen", request["x-forwarded-for"]);
  out.body() = body;
  auto answer_head = *link_head<market::ResponseHead>(out);
  answer_head.status = static_cast<std::uint16_t>(out.result_int());
  out.set("Fog-Fuel", "77");
  out.set("Fog-Outcome", how == Mode::kWorkloadFails ? "trap" : "ok");
  if (how != Mode::kNoMac && genuine) {
    const auto out_mac =
        hmac_sha256(link, as_bytes(market::response_mac_text(lease, 1, index, answer_head, 77, 0)));
    out.set("Fog-Mac", to_hex(out_mac));
    const std::lock_guard lock(mutex_);
    log_[index] = {market::request_hash(head, sha256(as_bytes(request.body()))),
                   market::response_hash(answer_head, sha256(as_bytes(out.body())))};
  }
  out.prepare_payload();
  beast::error_code error;
  http::write(socket, out, error);
  return !error;
}

bool EchoHost::answer_voucher(tcp::socket& socket,
                              const http::request<http::string_body>& request) {
  const auto update = bcs_decode<market::VoucherUpdate>(as_bytes(request.body()));
  std::string wrong;
  std::vector<std::uint64_t> missing;
  const std::lock_guard lock(mutex_);
  if (forget_) log_.erase(*forget_);
  if (!update || !market::verify_voucher(update->voucher, gateway_key)) {
    wrong = "not a voucher of the gateway";
  } else {
    Hash32 chain;
    for (std::uint64_t i = 0; i < update->voucher.voucher.count; ++i) {
      const bool is_void =
          std::find(update->voids.begin(), update->voids.end(), i) != update->voids.end();
      if (is_void) log_.erase(i);
      if (!is_void && !log_.contains(i)) missing.push_back(i);
      const auto entry = log_.contains(i) ? log_[i] : std::pair<Hash32, Hash32>{};
      chain = market::extend_chain(chain, entry.first, entry.second);
    }
    if (chain != update->voucher.voucher.chain) wrong = "the chain hash differs";
  }
  http::response<http::string_body> out(
      wrong.empty() ? http::status::no_content : http::status::conflict, 11);
  if (wrong.empty()) {
    voucher_ = update->voucher;
  } else {
    market::VoucherRefusal refusal;
    refusal.why = wrong;
    refusal.missing.assign(missing.begin(), missing.end());
    out.body() = std::string(as_text(bcs_encode(refusal)));
    disagreements_.push_back(wrong);
  }
  out.prepare_payload();
  changed_.notify_all();
  beast::error_code error;
  http::write(socket, out, error);
  return !error;
}

bool EchoHost::wait_vouched(std::uint64_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(5),
                           [&] { return voucher_ && voucher_->voucher.count >= count; });
}

std::optional<market::SignedVoucher> EchoHost::voucher() {
  const std::lock_guard lock(mutex_);
  return voucher_;
}

std::vector<std::string> EchoHost::disagreements() {
  const std::lock_guard lock(mutex_);
  return disagreements_;
}

bool EchoHost::wait_seen(std::uint64_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(5), [&] { return seen_ >= count; });
}

void EchoHost::answer_with(std::string body) {
  const std::lock_guard lock(mutex_);
  body_ = std::move(body);
}

void EchoHost::release() {
  const std::lock_guard lock(mutex_);
  mode = Mode::kEcho;
  changed_.notify_all();
}

void EchoHost::forget(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  forget_ = index;
}

std::uint64_t EchoHost::requests_seen() {
  const std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace fog::gateway::testing
