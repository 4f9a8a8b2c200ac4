#include "rpc/gateway/http2.h"

#include <chrono>
#include <map>

#include <nghttp2/nghttp2.h>

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int32_t kStreamWindow = 64 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
constexpr std::size_t kWriteAtOnce = 64 * 1024;
// Requests that still run after their streams were broken off count too: opening and breaking off
// streams must not buy more work than holding them does (CVE-2023-44487).
constexpr std::size_t kRunningMax = 2 * kHttp2StreamsMax;

nghttp2_nv pair_of(const std::string& name, const std::string& value) {
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// Whether the frame is its side's last of a stream.
bool ends_stream(const nghttp2_frame& frame) {
  const bool may_end = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
  return may_end && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

// One connection. Lives as long as one of its coroutines runs; all on the shard's thread.
class Http2Connection final : public Http2Wire,
                              public std::enable_shared_from_this<Http2Connection> {
 public:
  Http2Connection(Shard& shard, ClientStream client, std::string peer)
      : shard_(shard), client_(std::move(client)), peer_(std::move(peer)), watch_(shard.context) {}
  ~Http2Connection() override { nghttp2_session_del(session_); }
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  net::awaitable<void> run(beast::flat_buffer first);

  void consumed(std::int32_t stream, std::size_t bytes) override;
  void send_head(std::int32_t stream, unsigned status, const Fields& fields,
                 bool with_body) override;
  void body_ready(std::int32_t stream) override;
  void reset(std::int32_t stream) override;
  bool is_encrypted() const override { return client_.is_encrypted(); }

 private:
  bool start();
  bool take(std::string_view data);
  void end_when_stopping();
  void note_under_way();
  void on_head_whole(const nghttp2_frame& frame);
  void flush();
  void leave();
  net::awaitable<void> until_written();
  net::awaitable<void> stop_request(std::int32_t id);
  net::awaitable<void> write_all();
  net::awaitable<void> watch();
  net::awaitable<void> serve(std::shared_ptr<Http2Stream> stream);
  Http2Stream* find(std::int32_t id) {
    const auto it = streams_.find(id);
    return it == streams_.end() ? nullptr : it->second.get();
  }
  static Http2Connection& self(void* user) { return *static_cast<Http2Connection*>(user); }

  // nghttp2's callbacks.
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* user);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream,
                     const std::uint8_t* data, std::size_t size, void* user);
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* user);
  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* into,
                           std::size_t most, std::uint32_t* flags, nghttp2_data_source*,
                           void* user);

  Shard& shard_;
  ClientStream client_;
  const std::string peer_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::shared_ptr<Http2Stream>> streams_;
  std::size_t running_ = 0;
  std::optional<UnderWay> under_way_;
  bool writing_ = false;
  bool leaving_ = false;
  bool no_more_ = false;  // GOAWAY has been said
  bool over_ = false;
  SteadyClock::time_point busy_ = SteadyClock::now();     // when it had a stream last
  SteadyClock::time_point written_ = SteadyClock::now();  // when a write began last
  net::steady_timer watch_;
};

bool Http2Connection::start() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return false;
  if (nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return false;
  }
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  // Windows open as bodies are read, not as they arrive.
  nghttp2_option_set_no_auto_window_update(option, 1);
  const int made = nghttp2_session_server_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) return false;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kHttp2StreamsMax},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(shard_.config.header_bytes_max)},
  };
  return nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0 &&
         nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) ==
             0;
}

bool Http2Connection::take(std::string_view data) {
  const ssize_t used = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  end_when_stopping();
  flush();
  return used >= 0;
}

// A gateway that stops answers what has come by then, and says so.
void Http2Connection::end_when_stopping() {
  if (!shard_.drain.begun || std::exchange(no_more_, true)) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

// Requests are under way until their answers are written, not only until they are made.
void Http2Connection::note_under_way() {
  if (over_ || (streams_.empty() && !writing_)) {
    under_way_.reset();
  } else if (!under_way_) {
    under_way_.emplace(shard_.drain);
  }
}

net::awaitable<void> Http2Connection::run(beast::flat_buffer first) {
  const auto keep = shared_from_this();
  // Deadlines are watch()'s: Beast's own are for one side of a connection at a time.
  client_.expires_never();
  bool good = start();
  if (good) {
    net::co_spawn(
        shard_.context, [keep] { return keep->watch(); }, net::detached);
  }
  if (good) {
    const auto had = first.data();
    good = take({static_cast<const char*>(had.data()), had.size()});
  }
  std::vector<char> buffer(16 * 1024);
  beast::error_code error;
  for (;;) {
    if (!good ||
        (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0)) {
      break;
    }
    const std::size_t got = co_await client_.async_read_some(
        net::buffer(buffer), net::redirect_error(net::use_awaitable, error));
    if (error) break;
    good = take({buffer.data(), got});
  }
  if (!error) co_await until_written();
  over_ = true;
  note_under_way();
  watch_.cancel();
  const auto left = std::exchange(streams_, {});
  for (const auto& [id, stream] : left) stream->wire_gone();
  const bool orderly = !writing_ && (!error || leaving_);
  if (orderly) co_await say_goodbye(client_);
  client_.close();
}

// Once all is written the reading ends, and with it the connection.
void Http2Connection::leave() {
  if (std::exchange(leaving_, true)) return;
  net::co_spawn(
      shard_.context,
      [keep = shared_from_this()]() -> net::awaitable<void> {
        co_await keep->until_written();
        keep->over_ = true;
        keep->client_.cancel();
      },
      net::detached);
}

// Or for a second.
net::awaitable<void> Http2Connection::until_written() {
  net::steady_timer pause(shard_.context);
  beast::error_code ignored;
  for (int i = 0; i < 40 && writing_; ++i) {
    pause.expires_after(milliseconds(25));
    co_await pause.async_wait(net::redirect_error(net::use_awaitable, ignored));
  }
}

// Ends connections that are idle, and those whose other end does not read.
net::awaitable<void> Http2Connection::watch() {
  beast::error_code error;
  while (!over_) {
    watch_.expires_after(milliseconds(500));
    co_await watch_.async_wait(net::redirect_error(net::use_awaitable, error));
    if (over_) co_return;
    const auto now = SteadyClock::now();
    end_when_stopping();
    flush();
    if (!streams_.empty()) busy_ = now;
    if (writing_ && now - written_ > milliseconds(shard_.config.body_idle_ms_max)) {
      client_.close();
    } else if (now - busy_ > milliseconds(shard_.config.idle_ms_max) + milliseconds(1'000)) {
      client_.close();
    } else if (now - busy_ > milliseconds(shard_.config.idle_ms_max)) {
      nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
      flush();
    }
  }
}

void Http2Connection::flush() {
  if (!writing_ && !over_ && nghttp2_session_want_write(session_) != 0) {
    writing_ = true;
    net::co_spawn(
        shard_.context, [keep = shared_from_this()] { return keep->write_all(); }, net::detached);
  }
  note_under_way();
}

net::awaitable<void> Http2Connection::write_all() {
  std::string out;
  beast::error_code error;
  while (!error && !over_) {
    out.clear();
    while (out.size() < kWriteAtOnce) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0) break;
      out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }
    if (out.empty()) break;
    written_ = SteadyClock::now();
    co_await net::async_write(client_, net::buffer(out),
                              net::redirect_error(net::use_awaitable, error));
  }
  writing_ = false;
  note_under_way();
  if (error) {
    client_.close();
  } else if (!over_ && nghttp2_session_want_read(session_) == 0) {
    leave();
  }
}

net::awaitable<void> Http2Connection::serve(std::shared_ptr<Http2Stream> stream) {
  {
    ClientStream client(shard_.context, stream);
    beast::flat_buffer buffer;
    co_await serve_request(shard_, client, buffer, peer_);
  }
  stream->close();
  --running_;
}

// ---- what streams ask for ----

void Http2Connection::consumed(std::int32_t stream, std::size_t bytes) {
  if (over_) return;
  nghttp2_session_consume(session_, stream, bytes);
  flush();
}

void Http2Connection::send_head(std::int32_t stream, unsigned status, const Fields& fields,
                                bool with_body) {
  if (over_) return;
  const std::string name = ":status";
  const std::string number = std::to_string(status);
  std::vector<nghttp2_nv> pairs{pair_of(name, number)};
  for (const auto& [key, value] : fields) pairs.push_back(pair_of(key, value));
  nghttp2_data_provider body{};
  body.read_callback = read_body;
  const int failed = status / 100 == 1
                         ? nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr,
                                                  pairs.data(), pairs.size(), nullptr)
                         : nghttp2_submit_response(session_, stream, pairs.data(), pairs.size(),
                                                   with_body ? &body : nullptr);
  if (failed < 0) reset(stream);
  flush();
}

void Http2Connection::body_ready(std::int32_t stream) {
  if (over_) return;
  nghttp2_session_resume_data(session_, stream);
  flush();
}

void Http2Connection::reset(std::int32_t stream) {
  if (over_) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_INTERNAL_ERROR);
  flush();
}

// ---- what nghttp2 tells ----

int Http2Connection::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame,
                                      void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Http2Connection& connection = self(user);
  if (connection.running_ >= kRunningMax) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                              NGHTTP2_REFUSED_STREAM);
    return 0;
  }
  connection.streams_[frame->hd.stream_id] =
      std::make_shared<Http2Stream>(connection.shard_.context, connection, frame->hd.stream_id);
  return 0;
}

int Http2Connection::on_header(nghttp2_session*, const nghttp2_frame* frame,
                               const std::uint8_t* name, std::size_t name_size,
                               const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                               void* user) {
  Http2Connection& connection = self(user);
  Http2Stream* const stream = connection.find(frame->hd.stream_id);
  // Trailer fields of a request are not passed on.
  if (stream == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Http2Head& head = stream->head;
  head.bytes += name_size + value_size + 32;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts
  head.too_large = head.too_large || head.bytes > connection.shard_.config.header_bytes_max;
  if (head.too_large) return 0;
  head.fields.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                           std::string(reinterpret_cast<const char*>(value), value_size));
  return 0;
}

void Http2Connection::on_head_whole(const nghttp2_frame& frame) {
  const std::int32_t id = frame.hd.stream_id;
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  const std::shared_ptr<Http2Stream> stream = it->second;
  if (stream->head.too_large) {
    send_head(id, 431, {{"fog-reason", "header-too-large"}, {"content-length", "0"}}, false);
    return;
  }
  if (!stream->begin((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  ++running_;
  net::co_spawn(
      shard_.context, [keep = shared_from_this(), stream] { return keep->serve(stream); },
      net::detached);
}

int Http2Connection::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  Http2Connection& connection = self(user);
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
    connection.on_head_whole(*frame);
  if (!ends_stream(*frame)) return 0;
  if (Http2Stream* const stream = connection.find(frame->hd.stream_id)) stream->on_request_end();
  return 0;
}

int Http2Connection::on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (!ends_stream(*frame)) return 0;
  Http2Connection& connection = self(user);
  const Http2Stream* const stream = connection.find(frame->hd.stream_id);
  if (stream != nullptr && !stream->request_ended()) {
    net::co_spawn(
        connection.shard_.context,
        [keep = connection.shared_from_this(), id = frame->hd.stream_id] {
          return keep->stop_request(id);
        },
        net::detached);
  }
  return 0;
}

// Whoever has his whole answer need not send the rest of his request (RFC 9113, 8.1). Most stop of
// their own accord; some lose the answer if they are told at once (curl 7.88).
net::awaitable<void> Http2Connection::stop_request(std::int32_t id) {
  net::steady_timer pause(shard_.context, milliseconds(1'000));
  beast::error_code ignored;
  co_await pause.async_wait(net::redirect_error(net::use_awaitable, ignored));
  const Http2Stream* const stream = find(id);
  if (over_ || stream == nullptr || stream->request_ended()) co_return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  flush();
}

int Http2Connection::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                             const std::uint8_t* data, std::size_t size, void* user) {
  Http2Stream* const stream = self(user).find(id);
  if (stream == nullptr) {
    nghttp2_session_consume(session, id, size);
    return 0;
  }
  stream->on_data({reinterpret_cast<const char*>(data), size});
  return 0;
}

int Http2Connection::on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
  Http2Connection& connection = self(user);
  const auto it = connection.streams_.find(id);
  if (it == connection.streams_.end()) return 0;
  const std::shared_ptr<Http2Stream> stream = it->second;
  connection.streams_.erase(it);
  connection.busy_ = SteadyClock::now();
  stream->wire_gone();
  return 0;
}

ssize_t Http2Connection::read_body(nghttp2_session*, std::int32_t id, std::uint8_t* into,
                                   std::size_t most, std::uint32_t* flags, nghttp2_data_source*,
                                   void* user) {
  Http2Stream* const stream = self(user).find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  bool end = false;
  const std::size_t got = stream->take_body(into, most, end);
  if (end) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (got == 0 && !end) return NGHTTP2_ERR_DEFERRED;
  return static_cast<ssize_t>(got);
}

}  // namespace

net::awaitable<void> serve_http2(Shard& shard, ClientStream client, beast::flat_buffer first,
                                 std::string peer) {
  const auto connection =
      std::make_shared<Http2Connection>(shard, std::move(client), std::move(peer));
  co_await connection->run(std::move(first));
}

}  // namespace fog::gateway
