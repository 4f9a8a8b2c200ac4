#include "rpc/gateway/hedge.h"

#include <algorithm>
#include <chrono>
#include <sstream>

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

class Leg;

// What the legs of one request share. On the shard's thread only.
struct Race {
  explicit Race(net::io_context& context) : changed(context) {
    changed.expires_at(net::steady_timer::time_point::max());
  }
  // Whoever waits looks again.
  void wake() { changed.cancel(); }
  const Leg* winner = nullptr;  // whose answer has begun first
  bool over = false;            // nobody takes answers any more
  net::steady_timer changed;
};

// One replica's way to answer: the request once more, on a connection that ends in memory, so that
// forward() needs to know of no other.
class Leg final : public Http2Wire {
 public:
  Leg(net::io_context& context, std::shared_ptr<Race> race, std::shared_ptr<Replica> replica,
      const Exchange& original)
      : context_(context),
        race_(std::move(race)),
        replica_(std::move(replica)),
        encrypted_(original.client.is_encrypted()),
        stream_(std::make_shared<Http2Stream>(context, *this, 1)),
        client_(context, stream_),
        exchange_{client_,         buffer_, parser_,       original.target, original.forwarded_for,
                  original.prefix, false,   original.trace} {
    exchange_.affinity = original.affinity;
    copy_head(original.parser.get());
  }
  ~Leg() { stream_->wire_gone(); }
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;

  net::awaitable<void> run(Shard& shard) {
    result_ = co_await forward(*replica_, exchange_, shard.pool, shard.config, shard.counters);
    // An answer without a length ends with its connection.
    client_.close();
    race_->wake();
  }

  // ---- its end in memory ----
  void consumed(std::int32_t, std::size_t) override {}
  void send_head(std::int32_t, unsigned status, const Fields& fields, bool with_body) override {
    if (status / 100 == 1) return;
    status_ = status;
    fields_ = fields;
    with_body_ = with_body;
    if (race_->winner == nullptr && !race_->over) race_->winner = this;
    if (is_unwanted()) leave();
    race_->wake();
  }
  void body_ready(std::int32_t) override {
    if (is_unwanted()) leave();
    race_->wake();
  }
  void reset(std::int32_t) override {
    broken_ = true;
    race_->wake();
  }
  bool is_encrypted() const override { return encrypted_; }

  const std::optional<ForwardResult>& result() const { return result_; }
  unsigned status() const { return status_; }
  const Fields& fields() const { return fields_; }
  bool with_body() const { return with_body_; }
  bool is_broken() const { return broken_; }
  Http2Stream& stream() { return *stream_; }
  // Nobody takes its answer any more, as when an End User has left. Not at once: it may be in the
  // middle of a part.
  void leave() {
    net::post(context_, [stream = stream_] { stream->wire_gone(); });
  }

 private:
  bool is_unwanted() const { return race_->over || race_->winner != this; }
  void copy_head(const http::request<http::buffer_body>& message) {
    std::ostringstream text;
    http::request<http::empty_body> head(message.base());
    head.version(11);
    // Its connection is that of one request.
    head.keep_alive(true);
    text << head;
    beast::error_code error;
    const std::string bytes = text.str();
    parser_.header_limit(static_cast<std::uint32_t>(bytes.size() + 1));
    parser_.put(net::buffer(bytes), error);
  }

  net::io_context& context_;
  const std::shared_ptr<Race> race_;
  const std::shared_ptr<Replica> replica_;
  const bool encrypted_;
  const std::shared_ptr<Http2Stream> stream_;
  ClientStream client_;
  beast::flat_buffer buffer_;
  BufferParser parser_;
  Exchange exchange_;
  std::optional<ForwardResult> result_;
  unsigned status_ = 0;
  Fields fields_;
  bool with_body_ = false;
  bool broken_ = false;
};

net::awaitable<void> run_leg(Shard& shard, std::shared_ptr<Leg> leg) {
  co_await leg->run(shard);
}

// Until done() holds or the time comes.
template <class Done>
net::awaitable<void> wait(Race& race, net::steady_timer::time_point until, Done done) {
  while (!done() && net::steady_timer::clock_type::now() < until) {
    beast::error_code error;
    race.changed.expires_at(until);
    co_await race.changed.async_wait(net::redirect_error(net::use_awaitable, error));
  }
}

constexpr auto kNever = net::steady_timer::time_point::max();

http::response<http::buffer_body> response_of(const Leg& leg, const Exchange& exchange) {
  const auto& request = exchange.parser.get();
  http::response<http::buffer_body> out;
  out.version(request.version());
  out.result(leg.status());
  for (const auto& [name, value] : leg.fields()) out.insert(name, value);
  const bool has_length = out.count(http::field::content_length) > 0;
  if (!has_length && leg.with_body() && out.version() == 11) out.chunked(true);
  const bool framed = has_length || out.chunked() || !leg.with_body();
  out.keep_alive(request.keep_alive() && framed);
  return out;
}

// The winner's answer to the End User. True when his connection may go on.
net::awaitable<bool> write_answer(Race& race, Leg& leg, Exchange& exchange,
                                  const GatewayConfig& config) {
  auto response = response_of(leg, exchange);
  http::response_serializer<http::buffer_body> serializer(response);
  beast::error_code error;
  response.body().data = nullptr;
  response.body().more = leg.with_body();
  exchange.client.expires_after(milliseconds(config.body_idle_ms_max));
  co_await http::async_write_header(exchange.client, serializer,
                                    net::redirect_error(net::use_awaitable, error));
  std::vector<std::uint8_t> part(16 * 1024);
  bool end = !leg.with_body();
  while (!error && !end) {
    const std::size_t got = leg.stream().take_body(part.data(), part.size(), end);
    if (got == 0 && !end) {
      if (leg.is_broken()) co_return false;
      race.changed.expires_at(kNever);
      co_await race.changed.async_wait(net::redirect_error(net::use_awaitable, error));
      error = {};
      continue;
    }
    response.body().data = got == 0 ? nullptr : part.data();
    response.body().size = got;
    response.body().more = !end;
    exchange.client.expires_after(milliseconds(config.body_idle_ms_max));
    co_await http::async_write(exchange.client, serializer,
                               net::redirect_error(net::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
  }
  co_return !error && response.keep_alive();
}

// Of legs that all have failed: what says most about who has seen the request.
ForwardResult worst_of(const std::vector<std::shared_ptr<Leg>>& legs) {
  const auto weight = [](const Leg& leg) {
    switch (leg.result()->end) {
      case ForwardEnd::kNotReached:
        return 0;
      case ForwardEnd::kNotTaken:
        return 1;
      case ForwardEnd::kFailed:
      case ForwardEnd::kAnswered:
      case ForwardEnd::kBroken:
        return 2;
    }
    return 2;
  };
  const auto worst = std::max_element(legs.begin(), legs.end(), [&](const auto& a, const auto& b) {
    return weight(*a) < weight(*b);
  });
  return *(*worst)->result();
}

}  // namespace

bool can_hedge(const Exchange& exchange) {
  const auto& message = exchange.parser.get();
  return message.method() == http::verb::get && exchange.parser.is_done() && !message.chunked() &&
         exchange.kept_body.empty() && message.count(http::field::upgrade) == 0;
}

net::awaitable<ForwardResult> forward_hedged(std::shared_ptr<Replica> first, Exchange& exchange,
                                             Shard& shard, std::uint64_t after_ms,
                                             SecondReplica second) {
  const auto race = std::make_shared<Race>(shard.context);
  std::vector<std::shared_ptr<Leg>> legs;
  const auto start = [&](std::shared_ptr<Replica> replica) {
    legs.push_back(std::make_shared<Leg>(shard.context, race, std::move(replica), exchange));
    net::co_spawn(shard.context, run_leg(shard, legs.back()), net::detached);
  };
  const auto settled = [&] {
    return race->winner != nullptr || std::all_of(legs.begin(), legs.end(), [](const auto& leg) {
             return leg->result().has_value();
           });
  };
  start(std::move(first));
  co_await wait(*race, net::steady_timer::clock_type::now() + milliseconds(after_ms), settled);
  if (!settled()) {
    if (auto other = second()) start(std::move(other));
  }
  co_await wait(*race, kNever, settled);
  if (race->winner == nullptr) {
    race->over = true;
    co_return worst_of(legs);
  }
  Leg& leg = **std::find_if(legs.begin(), legs.end(),
                            [&](const auto& each) { return each.get() == race->winner; });
  const bool keep = co_await write_answer(*race, leg, exchange, shard.config);
  race->over = true;
  if (!keep) leg.leave();
  co_await wait(*race, kNever, [&] { return leg.result().has_value(); });
  ForwardResult result = *leg.result();
  if (!keep) result.end = ForwardEnd::kBroken;
  co_return result;
}

}  // namespace fog::gateway
