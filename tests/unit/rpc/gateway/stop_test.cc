// How a gateway ends.
#include <poll.h>

#include <nghttp2/nghttp2.h>

#include "tests/unit/rpc/gateway/gateway_fixture.h"

namespace fog::gateway {
namespace {

// One connection of HTTP/2, as a client has it.
class Http2Client {
 public:
  explicit Http2Client(std::uint16_t port) {
    socket_.connect({net::ip::address_v4::loopback(), port});
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
           const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
          const auto text = [](const std::uint8_t* at, std::size_t size) {
            return std::string(reinterpret_cast<const char*>(at), size);
          };
          if (text(name, name_size) == ":status")
            static_cast<Http2Client*>(user)->statuses.push_back(text(value, value_size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if (frame->hd.type == NGHTTP2_GOAWAY)
            static_cast<Http2Client*>(user)->taken = frame->goaway.last_stream_id;
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t*,
                      std::size_t size, void* user) {
          static_cast<Http2Client*>(user)->body_bytes += size;
          return 0;
        });
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    set_window(0);
  }
  ~Http2Client() { nghttp2_session_del(session_); }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  void get(const std::string& path) {
    const auto pair = [](std::string_view name, std::string_view value) {
      const auto bytes = [](std::string_view text) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
      };
      return nghttp2_nv{bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    };
    const nghttp2_nv head[] = {pair(":method", "GET"), pair(":scheme", "http"),
                               pair(":authority", "localhost"), pair(":path", path)};
    nghttp2_submit_request(session_, nullptr, head, std::size(head), nullptr, nullptr);
    flush();
  }
  // Takes bodies from now on, until the gateway ends the connection.
  void read_all() {
    set_window(64 * 1024);
    flush();
    std::vector<std::uint8_t> part(16 * 1024);
    beast::error_code error;
    for (;;) {
      pollfd readable{socket_.native_handle(), POLLIN, 0};
      if (::poll(&readable, 1, 10'000) <= 0) return;
      const std::size_t got = socket_.read_some(net::buffer(part), error);
      if (error) return;
      nghttp2_session_mem_recv(session_, part.data(), got);
      flush();
    }
  }

  std::vector<std::string> statuses;
  std::size_t body_bytes = 0;         // of all answers
  std::optional<std::int32_t> taken;  // GOAWAY: the last stream that is answered

 private:
  void set_window(std::uint32_t bytes) {
    const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, bytes};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  }
  void flush() {
    const std::uint8_t* data = nullptr;
    beast::error_code error;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &data)) > 0;)
      net::write(socket_, net::buffer(data, static_cast<std::size_t>(size)), error);
  }

  net::io_context context_;
  tcp::socket socket_{context_};
  nghttp2_session* session_ = nullptr;
};

class StopTest : public GatewayTest {
 protected:
  // A service whose one Host answers at release().
  void start_held() {
    host_.mode = EchoHost::Mode::kHold;
    add_service("echo");
    add_lease("echo", add_bid("echo"), host_);
    start();
  }
  // Returns once nobody is let in any more.
  std::thread begin_to_stop() {
    std::thread stops([this] { server_->stop(); });
    for (;;) {
      net::io_context context;
      tcp::socket socket(context);
      beast::error_code error;
      socket.connect({net::ip::address_v4::loopback(), port_}, error);
      if (error) return stops;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  EchoHost host_{1};
};

// Each socket belongs to one loop, when all of them end too.
TEST_F(StopTest, AllOfManyLoopsEndAndItStartsAgain) {
  GatewayConfig config;
  config.threads = 8;
  for (int i = 0; i < 5; ++i) {
    start(config);
    EXPECT_EQ(get("/nobody/").status, 404U);
    // Not whether the port is free afterwards: it may be another program's at once.
    server_->stop();
  }
}

// What is under way when the gateway is told to stop ends as if it had not been.
TEST_F(StopTest, LetsRequestsEndFirst) {
  start_held();
  Answer answer;
  std::thread asks([&] { answer = raw("GET /echo/ HTTP/1.1\r\nHost: x\r\n\r\n"); });
  EXPECT_TRUE(host_.wait_seen(1));
  std::thread stops = begin_to_stop();
  host_.release();
  asks.join();
  stops.join();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(host_.wait_vouched(1));
}

TEST_F(StopTest, WhoeverIsConnectedHearsOfItWithHisNextAnswer) {
  start_held();
  std::thread asks([&] { raw("GET /echo/ HTTP/1.1\r\nHost: x\r\n\r\n"); });
  EXPECT_TRUE(host_.wait_seen(1));
  net::io_context context;
  tcp::socket socket(context);
  socket.connect({net::ip::address_v4::loopback(), port_});
  beast::flat_buffer buffer;
  const auto health = [&] {
    net::write(socket, net::buffer(std::string("GET /.fog/health HTTP/1.1\r\nHost: x\r\n\r\n")));
    http::response<http::string_body> answer;
    http::read(socket, buffer, answer);
    return answer;
  };
  const auto before = health();
  EXPECT_EQ(before.result_int(), 200U);
  EXPECT_TRUE(before.keep_alive());
  std::thread stops = begin_to_stop();
  const auto after = health();
  EXPECT_EQ(after.result_int(), 503U);
  EXPECT_FALSE(after.keep_alive());
  host_.release();
  asks.join();
  stops.join();
}

// HTTP/2 has no field for it: GOAWAY says what is answered, and that a new connection is needed.
TEST_F(StopTest, AConnectionOfHttp2IsToldWhatIsStillAnswered) {
  start_held();
  const std::size_t body_bytes = 20'000;
  host_.answer_with(std::string(body_bytes, 'x'));
  Http2Client client(port_);
  client.get("/echo/");
  client.get("/echo/");
  EXPECT_TRUE(host_.wait_seen(2));
  std::thread stops = begin_to_stop();
  client.get("/echo/");  // whether it has been told by then is chance
  host_.release();
  // The gateway has both answers whole; he has not.
  EXPECT_TRUE(host_.wait_vouched(2));
  client.read_all();
  stops.join();
  ASSERT_TRUE(client.taken.has_value());
  const auto answered = static_cast<std::size_t>(*client.taken + 1) / 2;
  EXPECT_GE(answered, 2U);
  EXPECT_EQ(client.statuses, std::vector<std::string>(answered, "200"));
  EXPECT_EQ(client.body_bytes, answered * body_bytes);
  EXPECT_EQ(host_.requests_seen(), answered);
}

}  // namespace
}  // namespace fog::gateway
