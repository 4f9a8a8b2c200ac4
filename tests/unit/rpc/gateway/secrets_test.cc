// Secrets: only a Service's owner hands them in, and only the Host that holds a lease of it, in its
// term and by an authorized gateway, gets them.
#include "rpc/gateway/secrets.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "rpc/gateway/server.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/rpc/gateway/fake_network.h"

namespace fog::gateway {
namespace {

using market::SecretsWanted;
using market::SecretUpdate;
using market::SignedSecretUpdate;
using testing::MemoryNode;

struct Reply {
  unsigned status = 0;
  Bytes body;
};

class SecretsTest : public ::testing::Test {
 protected:
  SecretsTest() {
    service_.name = "service";
    service_.owner = address_of(owner_.public_key());
    host_.id = sha256(as_bytes("host"));
    host_.operator_key = operator_.public_key();
    bid_.id = sha256(as_bytes("bid"));
    bid_.owner = service_.owner;
    bid_.terms.service = "service";
    bid_.terms.gateways = {address_of(key_.public_key())};
    lease_.id = sha256(as_bytes("lease"));
    lease_.bid = bid_.id;
    lease_.service = "service";
    lease_.host = host_.id;
    lease_.term = 2;
    lease_.state = market::LeaseState::kProposed;
    put(market::service_key("service"), service_);
    put(market::host_key(host_.id), host_);
    put(market::bid_key(bid_.id), bid_);
    put(market::lease_key(lease_.id), lease_);
    chain_ = node_.status()->chain_id;
    server_ = std::make_unique<GatewayServer>(GatewayConfig{}, node_, routes_, *artifacts_,
                                              *folder_, nullptr);
    port_ = *server_->start();
  }
  ~SecretsTest() override { server_->stop(); }

  void put(const StateKey& key, const auto& record) {
    const std::lock_guard lock(node_.mutex);
    node_.state.put(key, bcs_encode(record));
  }

  SignedSecretUpdate update(const std::string& name, const std::string& value,
                            std::uint64_t time_ms = 1'000) {
    SignedSecretUpdate out;
    out.update = {
        chain_, service_.name, address_of(key_.public_key()), BoundedText<64>(name), time_ms, {}};
    out.update.sealed = *market::seal_secret(out.update, key_.public_key(), value, system_rng());
    sign(out, owner_);
    return out;
  }
  static void sign(SignedSecretUpdate& update, const SecretKey& by) {
    update.signer = by.public_key();
    update.signature = by.sign_ecdsa(market::secret_digest(update.update));
  }
  // Why not; nothing when it was taken.
  std::optional<ErrorCode> taken(const SignedSecretUpdate& what) {
    const auto done = folder_->take(what, chain_, service_.owner);
    return done ? std::nullopt : std::optional(done.error().code);
  }

  SecretsWanted wanted() {
    return {chain_, lease_.id, lease_.term, address_of(key_.public_key()),
            system_clock().wall_ms()};
  }
  Reply send(http::verb method, const std::string& target, Bytes body) {
    net::io_context context;
    tcp::socket socket(context);
    socket.connect({net::ip::address_v4::loopback(), port_});
    http::request<http::vector_body<std::uint8_t>> request(method, target, 11);
    request.set(http::field::host, "localhost");
    request.body() = std::move(body);
    request.prepare_payload();
    beast::error_code error;
    http::write(socket, request, error);
    beast::flat_buffer buffer;
    http::response<http::vector_body<std::uint8_t>> answer;
    http::read(socket, buffer, answer, error);
    return {answer.result_int(), answer.body()};
  }
  // What the Host gets; nothing when it is refused.
  std::optional<market::SecretValues> ask(const SecretsWanted& what, const SecretKey& by) {
    const Reply reply =
        send(http::verb::post, "/.fog/secrets/wanted", bcs_encode(market::sign_wanted(what, by)));
    if (reply.status != 200) return std::nullopt;
    return market::open_values(what, by, reply.body);
  }

  const SecretKey key_ = SecretKey::generate(system_rng());
  const SecretKey owner_ = SecretKey::generate(system_rng());
  const SecretKey operator_ = SecretKey::generate(system_rng());
  const fog::testing::TempDir temp_;
  MemoryNode node_;
  ChainId chain_;
  market::Service service_;
  market::Host host_;
  market::Bid bid_;
  market::Lease lease_;
  Routes routes_{node_, key_, temp_.path() + "/vouchers"};
  std::unique_ptr<ArtifactFolder> artifacts_ = *ArtifactFolder::open(temp_.path() + "/artifacts");
  std::unique_ptr<SecretFolder> folder_ = *SecretFolder::open(temp_.path() + "/secrets", key_);
  std::unique_ptr<GatewayServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(SecretsTest, GoFromTheOwnerToTheHost) {
  EXPECT_EQ(send(http::verb::put, "/.fog/secrets/service", bcs_encode(update("A", "one"))).status,
            204U);
  EXPECT_EQ(send(http::verb::put, "/.fog/secrets/service", bcs_encode(update("B", "two"))).status,
            204U);
  const market::SecretValues both = {{"A", "one"}, {"B", "two"}};
  EXPECT_EQ(ask(wanted(), operator_), both);
  // Kept over a restart, and not in the clear.
  const auto again = *SecretFolder::open(temp_.path() + "/secrets", key_);
  EXPECT_EQ(again->values("service", service_.owner), both);
  EXPECT_TRUE(again->values("service", address_of(key_.public_key())).empty());
  const auto names = send(http::verb::get, "/.fog/secrets/service", {});
  EXPECT_EQ(as_text(names.body), "{\"A\":\"1000\",\"B\":\"1000\"}\n");
}

TEST_F(SecretsTest, OnlyTheOwnersOwnAndLatestCount) {
  EXPECT_EQ(taken(update("A", "one")), std::nullopt);
  EXPECT_EQ(taken(update("A", "older", 999)), ErrorCode::kRejected);
  EXPECT_EQ(taken(update("A", "same time", 1'000)), ErrorCode::kRejected);
  EXPECT_EQ(taken(update("A", "newer", 1'001)), std::nullopt);
  EXPECT_EQ(folder_->values("service", service_.owner), (market::SecretValues{{"A", "newer"}}));
  auto forged = update("A", "forged", 2'000);
  sign(forged, operator_);
  EXPECT_EQ(taken(forged), ErrorCode::kPermission);
  auto changed = update("A", "changed", 2'000);
  ++changed.update.time_ms;
  EXPECT_EQ(taken(changed), ErrorCode::kPermission);
  for (auto change : std::vector<std::function<void(SecretUpdate&)>>{
           [](auto& u) { u.chain_id = {}; }, [](auto& u) { u.gateway = {}; },
           [](auto& u) { u.name = "HTTP_X"; }, [](auto& u) { u.sealed[40] ^= 1; },
           [](auto& u) { u.sealed.resize(3); }}) {
    auto bad = update("A", "bad", 3'000);
    change(bad.update);
    sign(bad, owner_);
    EXPECT_EQ(taken(bad), ErrorCode::kRejected);
  }
  // Taken away, and an old value does not come back.
  auto gone = update("A", "", 4'000);
  gone.update.sealed.clear();
  sign(gone, owner_);
  EXPECT_EQ(taken(gone), std::nullopt);
  EXPECT_TRUE(folder_->values("service", service_.owner).empty());
  EXPECT_EQ(taken(update("A", "older", 3'500)), ErrorCode::kRejected);
}

TEST_F(SecretsTest, AreBounded) {
  for (std::size_t i = 0; i < market::kSecretsMax; ++i)
    ASSERT_EQ(taken(update("S" + std::to_string(i), "x")), std::nullopt);
  EXPECT_EQ(taken(update("MORE", "x")), ErrorCode::kRejected);
  const std::string large(market::kSecretBytesMax, 'x');
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(taken(update("S" + std::to_string(i), large, 2'000)), std::nullopt);
  EXPECT_EQ(taken(update("S3", large, 2'000)), ErrorCode::kRejected);
}

TEST_F(SecretsTest, NobodyElseGetsThem) {
  ASSERT_EQ(taken(update("A", "one")), std::nullopt);
  ASSERT_TRUE(ask(wanted(), operator_).has_value());
  EXPECT_FALSE(ask(wanted(), key_).has_value());
  for (auto change : std::vector<std::function<void(SecretsWanted&)>>{
           [](auto& w) { w.term = 1; }, [](auto& w) { w.term = 3; },
           [](auto& w) { w.lease = sha256(as_bytes("another")); }, [](auto& w) { w.chain_id = {}; },
           [](auto& w) { w.gateway = {}; },
           [](auto& w) { w.time_ms -= 2 * market::kSecretsWantedAgeMs; },
           [](auto& w) { w.time_ms += 2 * market::kSecretsWantedAgeMs; }}) {
    SecretsWanted what = wanted();
    change(what);
    EXPECT_FALSE(ask(what, operator_).has_value());
  }
  EXPECT_EQ(send(http::verb::post, "/.fog/secrets/wanted", {1, 2, 3}).status, 400U);
  EXPECT_EQ(send(http::verb::post, "/.fog/secrets/wanted", Bytes(40'000)).status, 413U);
  EXPECT_EQ(send(http::verb::put, "/.fog/secrets/another", bcs_encode(update("A", "x", 9))).status,
            400U);
  lease_.state = market::LeaseState::kClosed;
  put(market::lease_key(lease_.id), lease_);
  EXPECT_FALSE(ask(wanted(), operator_).has_value());
  lease_.state = market::LeaseState::kActive;
  put(market::lease_key(lease_.id), lease_);
  EXPECT_TRUE(ask(wanted(), operator_).has_value());
  bid_.terms.gateways.clear();
  put(market::bid_key(bid_.id), bid_);
  EXPECT_FALSE(ask(wanted(), operator_).has_value());
}

TEST_F(SecretsTest, ADamagedFileIsNamed) {
  ASSERT_EQ(taken(update("A", "one")), std::nullopt);
  const std::string path = temp_.path() + "/secrets/service";
  std::filesystem::resize_file(path, 10);
  const auto opened = SecretFolder::open(temp_.path() + "/secrets", key_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().context.find(path), std::string::npos);
}

}  // namespace
}  // namespace fog::gateway
