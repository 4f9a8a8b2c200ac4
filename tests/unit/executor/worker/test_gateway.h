// TestGateway: forwards requests to a Host's front over a real socket, checks what comes back as a
// gateway must, and keeps the account that its vouchers are made of.
#pragma once

#include <map>
#include <optional>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "executor/front_frames.h"
#include "tests/support/seeded_rng.h"

namespace fog::testing {

struct HostAnswer {
  unsigned status = 0;
  std::string body;
  std::map<std::string, std::string> fields;  // lower case
  bool settled = false;                       // carries a Fog-Mac that fits
};

class TestGateway {
 public:
  explicit TestGateway(std::uint64_t seed = 21) : rng_(seed), key_(SecretKey::generate(rng_)) {
    address_ = address_of(key_.public_key());
  }
  const SecretKey& key() const { return key_; }
  const Address& address() const { return address_; }

  void bind(const ChainId& chain, const executor::ReplicaId& replica, const PublicKey& operator_key,
            std::uint16_t port) {
    replica_ = replica;
    port_ = port;
    link_key_ = market::make_link_key(key_, operator_key, replica.lease, replica.term);
    voucher_.chain_id = chain;
    voucher_.lease = replica.lease;
    voucher_.term = replica.term;
    voucher_.gateway = address_;
  }
  executor::LinkedGateway linked(const SecretKey& operator_key,
                                 const executor::ReplicaId& replica) const {
    return {address_, key_.public_key(),
            market::make_link_key(operator_key, key_.public_key(), replica.lease, replica.term)};
  }

  // Forwards with the next index, or with `index`; accounts for a settled answer.
  HostAnswer forward(const std::string& method, const std::string& target, const std::string& body,
                     std::optional<std::uint64_t> index = std::nullopt, bool bad_mac = false) {
    namespace http = boost::beast::http;
    const std::uint64_t number = index ? *index : next_++;
    http::request<http::string_body> request(http::verb::get, target, 11);
    request.method_string(method);
    request.set(http::field::host, "service.example");
    request.set("X-User", "someone");
    request.body() = body;
    request.prepare_payload();
    market::RequestHead head;
    head.method = method;
    head.target = target;
    for (const auto& field : request) {
      head.fields.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    market::make_canonical(head);
    head.time_ms = 1'700'000'000'000 + number;
    const std::string text = market::request_mac_text(replica_.lease, replica_.term, number, head);
    Hash32 mac = hmac_sha256(link_key_, as_bytes(text));
    if (bad_mac) mac.data[0] ^= 1;
    request.set("Fog-Lease", to_text(replica_));
    request.set("Fog-Gateway", fog::to_text(address_));
    request.set("Fog-Index", std::to_string(number));
    request.set("Fog-Time", std::to_string(head.time_ms));
    request.set("Fog-Mac", to_hex(mac));
    if (ticket) request.set("Fog-Ticket", to_hex(bcs_encode(*ticket)));
    HostAnswer answer = exchange(request);
    take(answer, head, body, number);
    return answer;
  }

  // Vouches for the next `count` requests that have settled, the others void. The answer's status.
  HostAnswer vouch(std::uint64_t count) {
    namespace http = boost::beast::http;
    market::VoucherUpdate update;
    for (; voucher_.count < count; ++voucher_.count) {
      const auto it = settled_.find(voucher_.count);
      const market::LogEntry entry = it == settled_.end() ? market::LogEntry{} : it->second;
      if (it == settled_.end()) update.voids.push_back(voucher_.count);
      voucher_.request_bytes += entry.request_bytes;
      voucher_.response_bytes += entry.counters.egress_bytes;
      voucher_.chain = market::extend_chain(voucher_.chain, entry.request, entry.response);
    }
    update.voucher = market::sign_voucher(voucher_, key_);
    return post_voucher(update);
  }
  HostAnswer post_voucher(const market::VoucherUpdate& update) {
    return post("/.fog/voucher", std::string(as_text(bcs_encode(update))));
  }
  HostAnswer post(const std::string& target, const std::string& body) {
    namespace http = boost::beast::http;
    http::request<http::string_body> request(http::verb::post, target, 11);
    request.set(http::field::host, "host");
    request.body() = body;
    request.prepare_payload();
    return exchange(request);
  }
  HostAnswer get(const std::string& target) {
    namespace http = boost::beast::http;
    http::request<http::string_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "host");
    return exchange(request);
  }

  std::optional<market::SignedTicket> ticket;  // what its requests carry

  std::uint64_t next() const { return next_; }
  const std::map<std::uint64_t, market::LogEntry>& settled() const { return settled_; }
  market::Voucher& voucher() { return voucher_; }

 private:
  template <class Request>
  HostAnswer exchange(const Request& request) {
    namespace http = boost::beast::http;
    HostAnswer out;
    boost::system::error_code error;
    for (int tries = 0; tries < 2; ++tries) {
      if (!socket_) {
        socket_.emplace(io_);
        buffer_.clear();
        socket_->connect({boost::asio::ip::address_v4::loopback(), port_}, error);
        if (error) return out;
      }
      http::write(*socket_, request, error);
      http::response_parser<http::string_body> parser;
      parser.body_limit(1ULL << 30);
      if (request.method() == http::verb::head) parser.skip(true);
      if (!error || error == boost::asio::error::broken_pipe) {
        http::read(*socket_, buffer_, parser, error);
      }
      if (error) {  // a kept connection that the other side has closed
        socket_.reset();
        continue;
      }
      out.status = parser.get().result_int();
      out.body = parser.get().body();
      for (const auto& field : parser.get()) {
        std::string name(field.name_string());
        for (char& c : name) c = static_cast<char>(std::tolower(c));
        out.fields[name] = std::string(field.value());
      }
      if (!parser.get().keep_alive()) socket_.reset();
      return out;
    }
    return out;
  }

  void take(HostAnswer& answer, const market::RequestHead& request, const std::string& body,
            std::uint64_t index) {
    if (!answer.fields.contains("fog-mac")) return;
    market::ResponseHead head;
    head.status = static_cast<std::uint16_t>(answer.status);
    for (const auto& [name, value] : answer.fields) head.fields.push_back({name, value});
    market::make_canonical(head);
    const std::uint64_t fuel = std::stoull(answer.fields["fog-fuel"]);
    const std::string said = answer.fields["fog-outbound"];
    const std::uint64_t outbound = said.empty() ? 0 : std::stoull(said);
    const std::string text =
        market::response_mac_text(replica_.lease, replica_.term, index, head, fuel, outbound);
    answer.settled = answer.fields["fog-mac"] == to_hex(hmac_sha256(link_key_, as_bytes(text)));
    EXPECT_TRUE(answer.settled);
    EXPECT_EQ(answer.fields["fog-index"], std::to_string(index));
    market::LogEntry entry;
    entry.index = index;
    entry.request = market::request_hash(request, sha256(as_bytes(body)));
    entry.response = market::response_hash(head, sha256(as_bytes(answer.body)));
    entry.request_bytes = body.size();
    entry.counters = {1, fuel, market::response_bytes(head, answer.body.size()) + outbound};
    settled_[index] = entry;
  }

  SeededRng rng_;
  SecretKey key_;
  Address address_;
  executor::ReplicaId replica_;
  std::uint16_t port_ = 0;
  market::LinkKey link_key_;
  market::Voucher voucher_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, market::LogEntry> settled_;
  boost::asio::io_context io_;
  std::optional<boost::asio::ip::tcp::socket> socket_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace fog::testing
