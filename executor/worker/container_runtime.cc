#include "executor/worker/container_runtime.h"

#include <array>
#include <charconv>
#include <chrono>
#include <thread>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "chain/base/ascii.h"
#include "executor/worker/container_link.h"

namespace fog::executor {
namespace {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kListenTime{50};
constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kPartBytes = 64 * 1024;
// A body up to this size is sent with its length, which more programs take than one in chunks.
constexpr std::size_t kWholeBodyBytes = 1 << 20;

void add_line(Bytes& out, std::string_view name, std::string_view value) {
  append(out, as_bytes(name));
  append(out, as_bytes(": "));
  append(out, as_bytes(value));
  append(out, as_bytes("\r\n"));
}

// The request's head up to the lines that say how long its body is.
Bytes head_bytes(const market::RequestHead& head) {
  Bytes out = to_bytes(
      as_bytes(std::string(head.method) + " " + std::string(head.target) + " HTTP/1.1\r\n"));
  bool has_host = false;
  for (const market::HttpField& field : head.fields) {
    // What is about the connection ended at the front; 100-continue did too.
    if (!market::counts_in_request(field.name) || field.name == "content-length" ||
        field.name == "expect" || field.name == market::kProtocolField)
      continue;
    has_host = has_host || field.name == "host";
    add_line(out, field.name, field.value);
  }
  if (!has_host) add_line(out, "host", "localhost");
  if (const auto protocol = market::upgrade_of(head); !protocol.empty()) {
    add_line(out, "connection", "Upgrade");
    add_line(out, "upgrade", protocol);
  } else {
    add_line(out, "connection", "close");
  }
  return out;
}

// Reads on until the body ends or `whole` is full.
OrBroken<bool> read_whole(RunIo& io, Bytes& whole) {
  std::size_t size = 0;
  whole.resize(kWholeBodyBytes);
  while (size < whole.size()) {
    const auto got = io.read_body(std::span(whole).subspan(size));
    if (!got) return run_cancelled();
    if (*got == 0) {
      whole.resize(size);
      return true;
    }
    size += *got;
  }
  return false;
}

OrBroken<void> send_chunk(ContainerLink& link, ByteView part) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part.size(), 16);
  Bytes out = to_bytes(
      as_bytes(std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()))));
  append(out, as_bytes("\r\n"));
  append(out, part);
  append(out, as_bytes("\r\n"));
  return link.send(out);
}

OrBroken<void> send_request(ContainerLink& link, const market::RequestHead& head, RunIo& io) {
  Bytes out = head_bytes(head);
  if (!market::upgrade_of(head).empty()) {
    append(out, as_bytes("\r\n"));
    return link.send(out);
  }
  Bytes part;
  TRY(const bool is_whole, read_whole(io, part));
  if (is_whole) {
    const bool bare = part.empty() && (head.method == "GET" || head.method == "HEAD");
    if (!bare) add_line(out, "content-length", std::to_string(part.size()));
    append(out, as_bytes("\r\n"));
    append(out, part);
    return link.send(out);
  }
  add_line(out, "transfer-encoding", "chunked");
  append(out, as_bytes("\r\n"));
  TRY_VOID(link.send(out));
  TRY_VOID(send_chunk(link, part));
  part.resize(kPartBytes);
  for (;;) {
    const auto got = io.read_body(part);
    if (!got) return run_cancelled();
    TRY_VOID(send_chunk(link, ByteView(part).first(*got)));
    if (*got == 0) return {};
  }
}

market::ResponseHead head_of(const http::response<http::buffer_body>& answer) {
  market::ResponseHead head;
  head.status = static_cast<std::uint16_t>(answer.result_int());
  const auto text = [](const auto& view) { return std::string_view(view.data(), view.size()); };
  for (const auto& field : answer) {
    const std::string name = lower_case(text(field.name_string()));
    // About this connection, which ends here; fog-* is the link's.
    if (!market::counts_in_request(name) || head.fields.size() == head.fields.kMax) continue;
    market::HttpField& out = head.fields.emplace_back();
    out.name.assign(name);
    out.value.assign(text(field.value()));
  }
  return head;
}

// One response, as it comes.
class Answer {
 public:
  Answer(const RunLimits& limits, RunIo& io, const market::RequestHead& asked)
      : limits_(limits), io_(io), may_switch_(!market::upgrade_of(asked).empty()) {
    parser_.header_limit(kHeadBytesMax);
    parser_.body_limit(std::uint64_t{1} << 40);
    parser_.skip(asked.method == "HEAD");
  }

  OrBroken<void> read(ContainerLink& link) {
    Bytes buffer(kPartBytes);
    std::size_t filled = 0;
    while (!parser_.is_done()) {
      if (filled == buffer.size()) buffer.resize(buffer.size() * 2);
      TRY(const std::size_t got, link.receive(std::span(buffer).subspan(filled)));
      boost::system::error_code error;
      if (got == 0) {
        if (parser_.got_some()) parser_.put_eof(error);
        if (error || !parser_.is_header_done())
          return no_answer("the container closed the connection before it had answered");
        break;
      }
      filled += got;
      TRY(const std::size_t used, take(ByteView(buffer).first(filled)));
      std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(used),
                buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
      filled -= used;
    }
    TRY_VOID(give_head());
    if (parser_.get().result() != http::status::switching_protocols) return {};
    TRY_VOID(give(ByteView(buffer).first(filled)));
    return link.carry([this](ByteView part) { return give(part); });
  }

 private:
  // How many of the bytes the parser has taken.
  OrBroken<std::size_t> take(ByteView bytes) {
    std::size_t used = 0;
    for (;;) {
      auto& body = parser_.get().body();
      body.data = part_.data();
      body.size = part_.size();
      boost::system::error_code error;
      used += parser_.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
      const std::size_t written = part_.size() - body.size;
      TRY_VOID(give_head());
      if (written > 0) TRY_VOID(give(ByteView(part_).first(written)));
      if (error == http::error::need_more) return used;
      if (error && error != http::error::need_buffer)
        return no_answer("the container's answer is not HTTP: " + error.message());
      if (parser_.is_done() || used == bytes.size()) return used;
    }
  }
  OrBroken<void> give_head() {
    if (head_given_ || !parser_.is_header_done()) return {};
    head_given_ = true;
    const auto& answer = parser_.get();
    const bool switches = may_switch_ && answer.result() == http::status::switching_protocols;
    if (answer.result_int() < 200 && !switches)
      return no_answer("the container answered with status " + std::to_string(answer.result_int()) +
                       ", which is none for a request");
    return io_.write_head(head_of(answer)) ? OrBroken<void>() : run_cancelled();
  }
  OrBroken<void> give(ByteView part) {
    if (part.empty()) return {};
    given_ += part.size();
    if (given_ > limits_.output_bytes_max) return Fail{Broken{RunOutcome::kOutput, "", false}};
    return io_.write_output(part) ? OrBroken<void>() : run_cancelled();
  }

  const RunLimits& limits_;
  RunIo& io_;
  const bool may_switch_;
  http::response_parser<http::buffer_body> parser_;
  std::array<std::uint8_t, kPartBytes> part_{};
  bool head_given_ = false;
  std::uint64_t given_ = 0;
};

class ContainerRuntime final : public Runtime {
 public:
  ErrorOr<Bytes> compile(ByteView, const RunLimits&) override {
    return fail(ErrorCode::kRejected, "a container is not compiled");
  }

  ErrorOr<void> load(ByteView code) override {
    const std::string_view text = as_text(code);
    const auto end = std::from_chars(text.data(), text.data() + text.size(), port_);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size() || port_ == 0)
      return fail(ErrorCode::kInvalidInput, "no port");
    const auto deadline = Clock::now() + kListenTime;
    while (!listens(port_)) {
      if (Clock::now() > deadline) {
        return fail(ErrorCode::kUnavailable, "nothing in the container listens on port " +
                                                 std::string(text) +
                                                 " of 127.0.0.1 or of all addresses within 50 s");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return {};
  }

  RunResult run(const RunJob& job, const RunLimits& limits, RunIo& io) override {
    RunResult out;
    const auto done = exchange(job, limits, io);
    if (done) return out;
    out.outcome = done.error().outcome;
    out.detail = done.error().why;
    out.cancelled = done.error().cancelled;
    return out;
  }

 private:
  OrBroken<void> exchange(const RunJob& job, const RunLimits& limits, RunIo& io) const {
    CHECK(job.http.has_value());
    const auto deadline = Clock::now() + std::chrono::milliseconds(limits.wall_ms_max);
    TRY(ContainerLink link, ContainerLink::connect(port_, deadline, io));
    TRY_VOID(send_request(link, *job.http, io));
    const auto answer = std::make_unique<Answer>(limits, io, *job.http);
    return answer->read(link);
  }

  std::uint16_t port_ = 0;
};

}  // namespace

std::unique_ptr<Runtime> make_container_runtime() {
  return std::make_unique<ContainerRuntime>();
}

}  // namespace fog::executor
