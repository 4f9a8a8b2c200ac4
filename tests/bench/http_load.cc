#include "tests/bench/http_load.h"

#include <cerrno>
#include <fcntl.h>
#include <optional>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "chain/base/ascii.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

// A user whose connection breaks tries again as soon as a browser would.
constexpr double kTryAgainSeconds = 0.05;

// The length of the answer at the front of the buffer; nothing while it is not all there.
std::optional<std::size_t> whole_answer(const std::string& in) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const std::string head = lower_case(in.substr(0, end + 2));
  if (const std::size_t at = head.find("\r\ncontent-length: "); at != std::string::npos) {
    const std::size_t size = end + 4 + std::stoul(head.substr(at + 18));
    return in.size() < size ? std::nullopt : std::optional(size);
  }
  // Chunked. Nobody sends a request before the last one's answer, so the last chunk ends the
  // buffer.
  if (in.ends_with("\r\n0\r\n\r\n")) return in.size();
  return std::nullopt;
}

unsigned status_of(const std::string& in) {
  return in.size() < 12 ? 0U : static_cast<unsigned>(std::atoi(in.c_str() + 9));
}

bool ends_connection(const std::string& in) {
  return lower_case(in.substr(0, in.find("\r\n\r\n"))).find("\r\nconnection: close") !=
         std::string::npos;
}

}  // namespace

HttpLoad::HttpLoad(LoadPlan plan)
    : plan_(std::move(plan)), poll_(::epoll_create1(EPOLL_CLOEXEC)), users_(plan_.users) {
  for (std::size_t i = 0; i < users_.size(); ++i) {
    open(users_[i], i);
    if (!users_[i].socket) {
      progress("error: nothing listens on port " + std::to_string(plan_.port));
      std::exit(1);
    }
    due_.emplace(0, i);
  }
  thread_ = std::thread([this] { run(); });
}

HttpLoad::~HttpLoad() {
  stop();
}

void HttpLoad::open(User& user, std::size_t number) {
  user.in.clear();
  user.socket = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(user.socket);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(plan_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  ::setsockopt(user.socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_event wanted = {};
  wanted.events = EPOLLIN;
  wanted.data.u64 = number;
  if (::connect(user.socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::fcntl(user.socket.get(), F_SETFL, O_NONBLOCK) != 0 ||
      ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, user.socket.get(), &wanted) != 0) {
    user.socket = UniqueFd();
  }
}

void HttpLoad::ask(std::size_t number) {
  User& user = users_[number];
  if (!user.socket) open(user, number);
  user.since_s = seconds_now();
  ++under_way_;
  const std::string& request = plan_.request;
  // It fits the socket's buffer: one at a time, and none is large.
  if (!user.socket || ::send(user.socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
                          static_cast<ssize_t>(request.size())) {
    end(number, 0);
  }
}

void HttpLoad::read(std::size_t number) {
  User& user = users_[number];
  char part[16'384];
  const ssize_t got = ::recv(user.socket.get(), part, sizeof part, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    // Between two requests either side may close.
    user.socket = UniqueFd();
    if (user.since_s != 0) end(number, 0);
    return;
  }
  user.in.append(part, static_cast<std::size_t>(got));
  if (!whole_answer(user.in)) return;
  const bool closes = ends_connection(user.in);
  end(number, status_of(user.in));
  if (closes) user.socket = UniqueFd();
}

void HttpLoad::end(std::size_t number, unsigned status) {
  User& user = users_[number];
  const double now = seconds_now();
  const Asked asked{now, (now - user.since_s) * 1e3, status};
  {
    const std::lock_guard lock(mutex_);
    if (asked.failed() && first_failure_.empty())
      first_failure_ = user.in.empty() ? "the connection broke" : user.in;
    asked_.push_back(asked);
  }
  if (status == 0) user.socket = UniqueFd();
  user.in.clear();
  user.since_s = 0;
  --under_way_;
  due_.emplace(now + (status == 0 ? kTryAgainSeconds : thinking()), number);
}

double HttpLoad::thinking() {
  random_ = random_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
  return plan_.think_s * (0.5 + static_cast<double>(random_ >> 33) / static_cast<double>(1U << 31));
}

void HttpLoad::give_up_late() {
  const double now = seconds_now();
  for (std::size_t i = 0; i < users_.size(); ++i) {
    if (users_[i].since_s != 0 && now - users_[i].since_s > plan_.patience_s) end(i, 0);
  }
}

void HttpLoad::run() {
  std::vector<epoll_event> events(256);
  double look_at_s = seconds_now() + 1;
  while (!stop_ || under_way_ > 0) {
    const double now = seconds_now();
    while (!stop_ && !due_.empty() && due_.begin()->first <= now) {
      const std::size_t number = due_.begin()->second;
      due_.erase(due_.begin());
      ask(number);
    }
    if (now >= look_at_s) {
      give_up_late();
      look_at_s = now + 1;
    }
    const double wait_s = stop_ || due_.empty() ? 0.05 : due_.begin()->first - now;
    const int got = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(std::clamp(wait_s * 1e3 + 0.5, 0.0, 50.0)));
    for (int i = 0; i < got; ++i) {
      const std::size_t number = events[static_cast<std::size_t>(i)].data.u64;
      if (users_[number].socket) read(number);
    }
  }
}

std::vector<Asked> HttpLoad::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return so_far();
}

std::vector<Asked> HttpLoad::so_far() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::string HttpLoad::first_failure() const {
  const std::lock_guard lock(mutex_);
  return first_failure_;
}

LoadFigures figures_of(const std::vector<Asked>& asked, double from_s, double until_s) {
  LoadFigures out;
  std::vector<double> all;
  for (const Asked& one : asked) {
    if (one.at_s < from_s || one.at_s >= until_s) continue;
    ++out.count;
    out.failed += one.failed();
    all.push_back(one.ms);
  }
  out.per_second = static_cast<double>(out.count) / (until_s - from_s);
  out.p50_ms = percentile(all, 0.5);
  out.p99_ms = percentile(all, 0.99);
  return out;
}

double unsteady_s(const std::vector<Asked>& asked, double from_s, double until_s, double usual_ms) {
  constexpr double kLookSeconds = 0.25;
  double last_s = 0;
  for (double at_s = from_s; at_s + kLookSeconds <= until_s; at_s += kLookSeconds) {
    const LoadFigures figures = figures_of(asked, at_s, at_s + kLookSeconds);
    if (figures.count == 0 || figures.p50_ms > usual_ms + std::max(usual_ms, 20.0))
      last_s = at_s + kLookSeconds - from_s;
  }
  return last_s;
}

}  // namespace fog::bench
