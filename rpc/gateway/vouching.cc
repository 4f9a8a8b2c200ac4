#include "rpc/gateway/vouching.h"

#include <chrono>

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

// Posts one update. True when the Host took it; false when it refused and the book has changed so
// that another update is worth a try.
net::awaitable<ErrorOr<bool>> post_voucher(Replica& replica, UpstreamPool& pool,
                                           const GatewayConfig& config,
                                           const market::VoucherUpdate& due) {
  http::request<http::vector_body<std::uint8_t>> request;
  request.version(11);
  request.method(http::verb::post);
  request.set(http::field::host, replica.address);
  request.set(http::field::content_type, "application/octet-stream");
  request.body() = bcs_encode(due);
  request.prepare_payload();
  beast::error_code error;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto connection = co_await pool.take(replica, config.connect_ms_max, attempt > 0);
    if (!connection) co_return Fail{connection.error()};
    auto& host = **connection;
    request.target(host.target(replica, "/.fog/voucher"));
    host.stream.expires_after(milliseconds(config.connect_ms_max));
    co_await http::async_write(host.stream, request,
                               net::redirect_error(net::use_awaitable, error));
    http::response<http::string_body> answer;
    if (!error) {
      co_await http::async_read(host.stream, host.buffer, answer,
                                net::redirect_error(net::use_awaitable, error));
    }
    if (error && host.reused) continue;
    if (error) break;
    if (answer.keep_alive()) pool.give_back(replica, *std::move(connection));
    if (answer.result() == http::status::no_content) co_return true;
    const auto refusal = bcs_decode<market::VoucherRefusal>(as_bytes(answer.body()));
    if (!refusal) {
      co_return fail(ErrorCode::kRejected,
                     "the Host refused the voucher: " + answer.body().substr(0, 300));
    }
    auto changed = replica.book->void_missing(refusal->missing);
    if (!changed) co_return Fail{changed.error()};
    if (!*changed) {
      co_return fail(ErrorCode::kRejected, "the Host refused the voucher: " + refusal->why);
    }
    co_return false;
  }
  co_return fail(ErrorCode::kNetwork, "the voucher did not reach the Host: " + error.message());
}

}  // namespace

net::awaitable<ErrorOr<void>> give_voucher(Replica& replica, UpstreamPool& pool,
                                           const GatewayConfig& config, GatewayCounters& counters,
                                           bool force) {
  // Twice: a Host that has lost requests names all of them at once.
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto update = replica.book->update(force);
    if (!update) co_return Fail{update.error()};
    if (!*update) co_return ErrorOr<void>();
    const std::uint64_t voids_before = replica.book->voids();
    auto taken = co_await post_voucher(replica, pool, config, **update);
    counters.voids += replica.book->voids() - voids_before;
    if (!taken) co_return Fail{taken.error()};
    if (!*taken) continue;
    replica.book->confirmed((*update)->voucher.voucher.count);
    ++counters.vouchers;
    co_return ErrorOr<void>();
  }
  co_return fail(ErrorCode::kRejected, "the Host goes on losing what it has served");
}

}  // namespace fog::gateway
