#include "rpc/gateway/http2_stream.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "chain/base/ascii.h"

namespace fog::gateway {
namespace {

constexpr std::size_t kBodyHeldMax = 32 * 1024;  // of an answer, before its writer waits
constexpr std::size_t kAnswerHeadMax = 256 * 1024;

}  // namespace

Http2Stream::Http2Stream(net::io_context& context, Http2Wire& wire, std::int32_t id)
    : wire_(&wire), id_(id), context_(context), deadline_(context, [this] { on_deadline(); }) {}

bool Http2Stream::begin(bool body) {
  auto text = http1_head(head, body, chunked_);
  if (!text) return false;
  head_only_ =
      std::find(head.fields.begin(), head.fields.end(),
                std::pair<std::string, std::string>(":method", "HEAD")) != head.fields.end();
  in_ = *std::move(text);
  head = {};
  return true;
}

void Http2Stream::on_data(std::string_view data) {
  if (in_at_ > 0) {
    in_.erase(0, in_at_);
    in_at_ = 0;
  }
  if (chunked_ && !data.empty()) {
    std::array<char, 16> size;
    const auto end = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16).ptr;
    in_.append(size.data(), end);
    in_ += "\r\n";
    in_.append(data);
    in_ += "\r\n";
  } else {
    in_.append(data);
  }
  in_data_ += data.size();
  serve_read();
}

void Http2Stream::on_request_end() {
  if (in_ended_) return;
  if (chunked_) in_ += "0\r\n\r\n";
  in_ended_ = true;
  serve_read();
}

void Http2Stream::wire_gone() {
  if (on_gone) std::exchange(on_gone, nullptr)();
  wire_ = nullptr;
  serve_read();
  serve_write();
}

void Http2Stream::read_some(net::mutable_buffer into, Done done) {
  read_into_ = into;
  read_done_ = std::move(done);
  serve_read();
}

void Http2Stream::write_some(net::const_buffer from, Done done) {
  write_from_ = from;
  write_done_ = std::move(done);
  serve_write();
}

void Http2Stream::serve_read() {
  if (!read_done_) return;
  const std::size_t there = in_.size() - in_at_;
  if (there == 0 && !in_ended_ && wire_ != nullptr && read_into_.size() > 0) return;
  const std::size_t got = std::min(there, read_into_.size());
  std::copy_n(in_.data() + in_at_, got, static_cast<char*>(read_into_.data()));
  in_at_ += got;
  beast::error_code error;
  if (got == 0 && read_into_.size() > 0) {
    if (in_ended_) {
      error = net::error::eof;
    } else {
      error = net::error::connection_reset;
    }
  }
  if (in_at_ == in_.size()) {
    in_.clear();
    in_at_ = 0;
    if (wire_ != nullptr && in_data_ > 0) wire_->consumed(id_, std::exchange(in_data_, 0));
  }
  std::exchange(read_done_, nullptr)(error, got);
}

void Http2Stream::serve_write() {
  if (!write_done_) return;
  if (wire_ == nullptr || answer_ended_)
    return std::exchange(write_done_, nullptr)(net::error::broken_pipe, 0);
  const std::size_t held = body_.size() - body_at_;
  if (held >= kBodyHeldMax) return;
  const std::size_t size = std::min(write_from_.size(), kBodyHeldMax - held);
  text_.append(static_cast<const char*>(write_from_.data()), size);
  parse_answer();
  std::exchange(write_done_, nullptr)({}, size);
}

void Http2Stream::parse_answer() {
  std::array<char, 16 * 1024> part;
  while (!answer_ended_ && wire_ != nullptr) {
    if (parser_ == nullptr) {
      parser_ = std::make_unique<http::response_parser<http::buffer_body>>();
      parser_->header_limit(kAnswerHeadMax);
      parser_->body_limit(UINT64_MAX);  // the Host's answer has been bounded already
      parser_->skip(head_only_);
    }
    parser_->get().body().data = part.data();
    parser_->get().body().size = part.size();
    beast::error_code error;
    const std::size_t used = parser_->put(net::buffer(text_), error);
    text_.erase(0, used);
    if (error == http::error::need_buffer) error = {};
    const bool wants_more = error == http::error::need_more;
    if (error && !wants_more) return close();  // the gateway's own writer: cannot be
    if (!parser_->is_header_done()) return;
    const unsigned status = parser_->get().result_int();
    if (!head_sent_) {
      Http2Wire::Fields fields;
      for (const auto& field : parser_->get()) {
        std::string name =
            lower_case(std::string_view(field.name_string().data(), field.name_string().size()));
        if (is_of_connection(name)) continue;
        fields.emplace_back(std::move(name),
                            std::string(field.value().data(), field.value().size()));
      }
      if (status / 100 == 1) {
        wire_->send_head(id_, status, fields, true);
        parser_.reset();
        continue;
      }
      head_sent_ = true;
      wire_->send_head(id_, status, fields, !parser_->is_done());
      if (parser_->is_done()) {
        answer_ended_ = true;
        return;
      }
      continue;  // what was parsed so far was the head
    }
    const std::size_t got = part.size() - parser_->get().body().size;
    body_.append(part.data(), got);
    if (parser_->is_done()) return end_of_answer();
    if (got > 0) wire_->body_ready(id_);
    if (used == 0 || text_.empty()) return;
  }
}

void Http2Stream::end_of_answer() {
  answer_ended_ = true;
  if (wire_ != nullptr) wire_->body_ready(id_);
}

std::size_t Http2Stream::take_body(std::uint8_t* into, std::size_t most, bool& end) {
  const std::size_t got = std::min(most, body_.size() - body_at_);
  std::copy_n(body_.data() + body_at_, got, into);
  body_at_ += got;
  if (body_at_ == body_.size()) {
    body_.clear();
    body_at_ = 0;
  }
  end = answer_ended_ && body_.empty();
  if (broken_off_ && body_.empty()) {
    // After the frame that is being made.
    net::post(context_, [self = weak_from_this()] {
      const auto stream = self.lock();
      if (stream && stream->wire_ != nullptr) stream->wire_->reset(stream->id_);
    });
  }
  if (write_done_) {
    // Not at once: the connection is in the middle of making a frame.
    net::post(context_, [self = weak_from_this()] {
      if (const auto stream = self.lock()) stream->serve_write();
    });
  }
  return got;
}

void Http2Stream::on_deadline() {
  if (read_done_) std::exchange(read_done_, nullptr)(beast::error::timeout, 0);
  if (write_done_) std::exchange(write_done_, nullptr)(beast::error::timeout, 0);
}

void Http2Stream::close() {
  deadline_.never();
  if (wire_ == nullptr || answer_ended_) return;
  // An answer whose end is that of its connection ends here.
  beast::error_code error;
  if (head_sent_ && parser_->need_eof()) {
    parser_->put_eof(error);
    if (!error && parser_->is_done()) return end_of_answer();
  }
  broken_off_ = true;
  // What there is of it goes out first, as it would by HTTP/1.1.
  if (body_.empty()) wire_->reset(id_);
}

}  // namespace fog::gateway
