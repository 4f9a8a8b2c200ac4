#include "market/types/tunnel.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

using testing::SeededRng;

TEST(TunnelHello, CountsAsItWasSigned) {
  SeededRng rng(1);
  const SecretKey key = SecretKey::generate(rng);
  TunnelHello hello;
  hello.time_ms = 7;
  SignedTunnelHello said = sign_hello(hello, key);
  EXPECT_TRUE(verify_hello(said));
  EXPECT_LE(bcs_encode(said).size(), kTunnelHelloBytesMax);
  for (const auto change : {+[](SignedTunnelHello& s) { s.hello.gateway.data[0] ^= 1; },
                            +[](SignedTunnelHello& s) { ++s.hello.time_ms; },
                            +[](SignedTunnelHello& s) { s.hello.host.data[0] ^= 1; },
                            +[](SignedTunnelHello& s) { s.operator_key = {}; }}) {
    SignedTunnelHello changed = said;
    change(changed);
    EXPECT_FALSE(verify_hello(changed));
  }
}

TEST(TunnelPlace, IsReadAsItIsWritten) {
  SeededRng rng(2);
  const PublicKey key = SecretKey::generate(rng).public_key();
  const std::string endpoint = tunnel_endpoint("http://gateway:7790", key);
  EXPECT_TRUE(is_host_endpoint(endpoint));
  EXPECT_FALSE(is_endpoint(endpoint));
  const std::string path = endpoint.substr(std::string("http://gateway:7790").size());
  for (const char* rest : {"", "/", "/a/b?c=/.fog/host/"}) {
    const std::string target = path + rest;
    const auto place = tunnel_place(target);
    ASSERT_TRUE(place) << target;
    EXPECT_EQ(place->operator_key, key);
    EXPECT_EQ(place->rest, rest);
  }
}

TEST(TunnelPlace, NothingElseIsOne) {
  SeededRng rng(3);
  const std::string hex = to_hex(SecretKey::generate(rng).public_key());
  std::string upper = hex;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  for (const std::string& target :
       {std::string("/.fog/host/"), "/.fog/host/" + hex.substr(1), "/.fog/host/" + hex + "0",
        "/.fog/hosts/" + hex, "/.fog/host/" + upper, "/.fog/host//" + hex}) {
    EXPECT_FALSE(tunnel_place(target)) << target;
    EXPECT_FALSE(is_host_endpoint("http://gateway:7790" + target)) << target;
  }
  EXPECT_FALSE(is_host_endpoint("http://gateway:7790/.fog/host/" + hex + "/"));
  EXPECT_FALSE(is_host_endpoint("gateway:7790/.fog/host/" + hex));
  EXPECT_FALSE(is_host_endpoint("http://gateway/.fog/host/" + hex));
}

}  // namespace
}  // namespace fog::market
