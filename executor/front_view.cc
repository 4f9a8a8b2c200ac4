#include "executor/front_view.h"

#include <array>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace fog::executor {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kPartBytes = 32 * 1024;
// What the client still sends is taken for so long after the end: closing on unread bytes would
// reset the connection, and the last words could be lost with it.
constexpr std::chrono::seconds kLingerTime{5};

// Two sockets, each one's bytes written to the other. A part is read when the one before is taken.
class Passage : public std::enable_shared_from_this<Passage> {
 public:
  Passage(asio::io_context& io, asio::ip::tcp::socket client, UniqueFd agent,
          std::shared_ptr<void> count)
      : client_(std::move(client)), agent_(io), linger_(io), count_(std::move(count)) {
    agent_.assign(asio::local::stream_protocol(), agent.release());
    agent_.non_blocking(true);
    error_code ignored;
    client_.set_option(asio::socket_base::keep_alive(true), ignored);
  }

  void start(Bytes first) {
    down();
    up_part_ = std::move(first);
    if (up_part_.empty()) return up();
    asio::async_write(agent_, asio::buffer(up_part_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        error ? self->discard() : self->up();
                      });
  }

 private:
  // From the client to the agent.
  void up() {
    up_part_.resize(kPartBytes);
    client_.async_read_some(
        asio::buffer(up_part_), [self = shared_from_this()](error_code error, std::size_t got) {
          error_code ignored;
          if (error) {
            self->agent_.shutdown(asio::socket_base::shutdown_both, ignored);
            return;
          }
          asio::async_write(
              self->agent_, asio::buffer(self->up_part_.data(), got),
              [self](error_code failed, std::size_t) { failed ? self->discard() : self->up(); });
        });
  }
  void discard() {
    client_.async_read_some(asio::buffer(up_part_),
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error) self->discard();
                            });
  }
  // From the agent to the client.
  void down() {
    agent_.async_read_some(
        asio::buffer(down_part_), [self = shared_from_this()](error_code error, std::size_t got) {
          if (error) return self->finish();
          asio::async_write(
              self->client_, asio::buffer(self->down_part_.data(), got),
              [self](error_code failed, std::size_t) { failed ? self->finish() : self->down(); });
        });
  }
  void finish() {
    error_code ignored;
    agent_.shutdown(asio::socket_base::shutdown_both, ignored);
    client_.shutdown(asio::socket_base::shutdown_send, ignored);
    linger_.expires_after(kLingerTime);
    linger_.async_wait([self = shared_from_this()](error_code) {
      error_code failed;
      self->client_.close(failed);
    });
  }

  asio::ip::tcp::socket client_;
  asio::local::stream_protocol::socket agent_;
  asio::steady_timer linger_;
  const std::shared_ptr<void> count_;
  Bytes up_part_;
  std::array<std::uint8_t, kPartBytes> down_part_{};
};

}  // namespace

bool FrontViews::ask(Bytes query, Told told) {
  const auto now = std::chrono::steady_clock::now();
  if (now - second_ > std::chrono::seconds(1)) {
    second_ = now;
    in_second_ = 0;
  }
  if (asked_.size() >= kViewsAskedMax || in_second_ >= kViewsAskedASecond) return false;
  ++in_second_;
  ViewAskedFrame frame;
  frame.id = next_++;
  frame.query = std::move(query);
  asked_.emplace(frame.id, std::move(told));
  tell_agent_(encode_frame(frame));
  return true;
}

bool FrontViews::answer(const ViewToldFrame& frame, UniqueFd socket) {
  const auto it = asked_.find(frame.id);
  if (it == asked_.end()) return false;
  const Told told = std::move(it->second);
  asked_.erase(it);
  told(frame.status, frame.why, std::move(socket));
  return true;
}

void FrontViews::carry(asio::ip::tcp::socket client, Bytes first, UniqueFd agent,
                       std::shared_ptr<void> count) {
  std::make_shared<Passage>(io_, std::move(client), std::move(agent), std::move(count))
      ->start(std::move(first));
}

}  // namespace fog::executor
