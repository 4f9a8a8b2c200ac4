// Tunnel: how a Host that nobody can reach (behind NAT, say) is reached all the same: it holds
// connections open to a gateway of its choice, over which requests come to it.
//
//   Host --POST /.fog/tunnel, Upgrade: fog-tunnel, SignedTunnelHello--> gateway   101
//   from then on the gateway asks and the Host answers, HTTP/1.1 as at the Host's own door
//
// The Host's endpoint on the chain is tunnel_endpoint(): whoever asks there, other gateways and the
// gateway itself, is led to such a connection. What is under the link's MACs and a view's seals
// (host_link.h, executor/view_query.h) stays so: who relays can see and drop requests, as any
// router can, and make up none.
//
// A hello is good for one gateway, once: its time is later than that of every one before, and no
// further than kTunnelHelloAgeMs from the gateway's clock.
#pragma once

#include "market/types/objects.h"

namespace fog::market {

constexpr std::string_view kTunnelPath = "/.fog/tunnel";
constexpr std::string_view kTunnelProtocol = "fog-tunnel";
constexpr std::string_view kTunnelPlaces = "/.fog/host/";
constexpr std::uint64_t kTunnelHelloAgeMs = 120'000;
constexpr std::size_t kTunnelHelloBytesMax = 512;

struct TunnelHello {
  ChainId chain;
  HostId host;
  Address gateway;  // whom it is for
  std::uint64_t time_ms = 0;
  static constexpr auto kFields = std::make_tuple(&TunnelHello::chain, &TunnelHello::host,
                                                  &TunnelHello::gateway, &TunnelHello::time_ms);
  bool operator==(const TunnelHello&) const = default;
};
struct SignedTunnelHello {
  TunnelHello hello;
  PublicKey operator_key;
  EcdsaSig signature;  // of the tagged hash "fog/tunnel-hello" of BCS(hello)
  static constexpr auto kFields = std::make_tuple(
      &SignedTunnelHello::hello, &SignedTunnelHello::operator_key, &SignedTunnelHello::signature);
  bool operator==(const SignedTunnelHello&) const = default;
};
SignedTunnelHello sign_hello(const TunnelHello& hello, const SecretKey& operator_key);
// Whether the signature is by the key that it names.
bool verify_hello(const SignedTunnelHello& hello);

// GATEWAY/.fog/host/OPERATOR-KEY: where a Host with that key is found. A gateway's endpoint comes
// without a path.
std::string tunnel_endpoint(std::string_view gateway, const PublicKey& operator_key);
struct TunnelPlace {
  PublicKey operator_key;
  std::string_view rest;  // of the path, from its "/" on; empty: nothing follows
};
// What a path (and query) below kTunnelPlaces names.
std::optional<TunnelPlace> tunnel_place(std::string_view target);
// What the chain takes as a Host's endpoint: is_endpoint(), or such a place at one.
bool is_host_endpoint(std::string_view text);

}  // namespace fog::market
