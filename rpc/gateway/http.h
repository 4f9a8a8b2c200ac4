// What the gateway's translation units share of Boost.Beast: types, and the rules for header
// fields. Included by .cc files only, so that few of them see Beast.
#pragma once

// Boost 1.74's awaitable.hpp uses std::exchange without including it.
#include <utility>
//
#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include "market/types/host_link.h"

namespace fog::gateway {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using Stream = beast::tcp_stream;
using BufferParser = http::request_parser<http::buffer_body>;
using TextResponse = http::response<http::string_body>;

constexpr std::size_t kBodyChunk = 64 * 1024;

// The fields of a request or answer as the link counts them; nothing when they exceed the link's
// bounds.
template <class Head, class Fields>
std::optional<Head> link_head(const Fields& fields) {
  Head head;
  for (const auto& field : fields) {
    if (head.fields.size() == 128 || field.name_string().size() > 256 ||
        field.value().size() > 16'384) {
      return std::nullopt;
    }
    market::HttpField out;
    out.name.assign(field.name_string().data(), field.name_string().size());
    out.value.assign(field.value().data(), field.value().size());
    if (!is_utf8(out.value)) return std::nullopt;
    head.fields.push_back(std::move(out));
  }
  make_canonical(head);
  return head;
}

// A short answer of the gateway's own, in plain text, with a reason that programs can read.
TextResponse plain_answer(unsigned version, bool keep_alive, http::status status,
                          std::string_view reason, const std::string& sentence);

}  // namespace fog::gateway
