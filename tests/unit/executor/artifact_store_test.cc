// Artifacts are what their digest says, from whatever source, however often the download breaks.
#include "executor/artifact_store.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "executor/code_cache.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using fog::testing::TempFolder;

// Serves one content to one connection after another, as the test says.
class ArtifactServer {
 public:
  enum class Manner { kHonest, kBreaksOff, kIgnoresRanges, kLies, kTooMuch, kNotFound };

  ArtifactServer(Bytes content, Manner manner)
      : content_(std::move(content)),
        manner_(manner),
        acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this] { serve(); }) {}
  ~ArtifactServer() {
    stop_ = true;
    boost::system::error_code ignored;
    tcp::socket poke(io_);
    poke.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::string endpoint() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  int requests() const { return requests_; }
  std::string last_range() const { return last_range_; }

 private:
  void serve() {
    boost::system::error_code error;
    while (!stop_) {
      tcp::socket socket(io_);
      acceptor_.accept(socket, error);
      if (error || stop_) continue;
      asio::streambuf buffer;
      const std::size_t size = asio::read_until(socket, buffer, "\r\n\r\n", error);
      if (error) continue;
      const auto data = buffer.data();
      answer(socket, std::string(asio::buffers_begin(data),
                                 asio::buffers_begin(data) + static_cast<std::ptrdiff_t>(size)));
    }
  }
  void answer(tcp::socket& socket, const std::string& request) {
    ++requests_;
    std::size_t from = 0;
    const std::size_t range = request.find("Range: bytes=");
    last_range_ = range == std::string::npos ? "" : request.substr(range, 30);
    if (range != std::string::npos && manner_ != Manner::kIgnoresRanges) {
      from = std::stoul(request.substr(range + 13));
    }
    Bytes body(content_.begin() + static_cast<std::ptrdiff_t>(from), content_.end());
    if (manner_ == Manner::kLies) body.assign(body.size(), 'L');
    if (manner_ == Manner::kTooMuch) body.resize(body.size() + 100'000);
    std::string head = "HTTP/1.1 200 OK\r\n";
    if (manner_ == Manner::kNotFound) head = "HTTP/1.1 404 Not Found\r\n", body.clear();
    if (from > 0) {
      head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) + "-" +
             std::to_string(content_.size() - 1) + "/" + std::to_string(content_.size()) + "\r\n";
    }
    head += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (manner_ == Manner::kBreaksOff && from == 0) body.resize(body.size() / 2);
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer(head), ignored);
    asio::write(socket, asio::buffer(body), ignored);
    socket.shutdown(tcp::socket::shutdown_both, ignored);
  }

  const Bytes content_;
  const Manner manner_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> requests_ = 0;
  std::string last_range_;
  std::thread thread_;
};
using Manner = ArtifactServer::Manner;

class ArtifactStoreTest : public ::testing::Test {
 protected:
  ArtifactStoreTest() : content_(fog::testing::SeededRng(3).bytes(300'000)) {
    wanted_ = {sha256(content_), content_.size()};
  }
  ErrorOr<Bytes> obtain(const std::vector<std::string>& endpoints) {
    return store_.obtain(wanted_, endpoints, [] { return true; });
  }
  const TempFolder folder_;
  const ArtifactStore store_ = *ArtifactStore::open(folder_.path(), 1 << 20);
  const Bytes content_;
  ArtifactWanted wanted_;
};

TEST_F(ArtifactStoreTest, FetchesOnceAndKeeps) {
  ArtifactServer server(content_, Manner::kHonest);
  const auto first = obtain({server.endpoint()});
  ASSERT_TRUE(first.has_value()) << first.error().context;
  EXPECT_EQ(*first, content_);
  EXPECT_EQ(*obtain({server.endpoint()}), content_);
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(ArtifactStoreTest, GoesOnWhereADownloadBrokeOff) {
  ArtifactServer server(content_, Manner::kBreaksOff);
  const auto broken = obtain({server.endpoint()});
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().code, ErrorCode::kNetwork);
  const auto whole = obtain({server.endpoint()});
  ASSERT_TRUE(whole.has_value()) << whole.error().context;
  EXPECT_EQ(*whole, content_);
  EXPECT_NE(server.last_range(), "");
}

TEST_F(ArtifactStoreTest, BeginsAnewWithAServerThatKnowsNoRanges) {
  ArtifactServer breaking(content_, Manner::kBreaksOff);
  EXPECT_FALSE(obtain({breaking.endpoint()}).has_value());
  ArtifactServer simple(content_, Manner::kIgnoresRanges);
  const auto whole = obtain({simple.endpoint()});
  ASSERT_TRUE(whole.has_value()) << whole.error().context;
  EXPECT_EQ(*whole, content_);
}

TEST_F(ArtifactStoreTest, TakesNothingFromALiarAndAsksTheNext) {
  ArtifactServer absent(content_, Manner::kNotFound);
  ArtifactServer liar(content_, Manner::kLies);
  ArtifactServer flood(content_, Manner::kTooMuch);
  ArtifactServer honest(content_, Manner::kHonest);
  const auto none = obtain({absent.endpoint(), liar.endpoint(), "https://127.0.0.1:1", "nonsense"});
  ASSERT_FALSE(none.has_value());
  EXPECT_NE(none.error().context.find("does not hash"), std::string::npos) << none.error().context;
  EXPECT_FALSE(store_.load(wanted_.digest).has_value());
  const auto whole = obtain({liar.endpoint(), flood.endpoint(), honest.endpoint()});
  ASSERT_TRUE(whole.has_value()) << whole.error().context;
  EXPECT_EQ(*whole, content_);
}

TEST_F(ArtifactStoreTest, ABeginningFromALiarDoesNotSpoilAnHonestSource) {
  // The unfinished file holds what a liar sent; the honest source's rest does not fit it.
  std::ofstream(store_.path_of(wanted_.digest) + ".part") << std::string(1'000, 'L');
  ArtifactServer honest(content_, Manner::kHonest);
  const auto whole = obtain({honest.endpoint()});
  ASSERT_TRUE(whole.has_value()) << whole.error().context;
  EXPECT_EQ(*whole, content_);
}

// One connection of a TLS server with a certificate that nobody vouches for.
TEST_F(ArtifactStoreTest, FetchesOverTlsWhoeverTheServerIs) {
  const std::string key = folder_.path() + "/key.pem";
  const std::string certificate = folder_.path() + "/cert.pem";
  const std::string command =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=nobody -keyout " + key +
      " -out " + certificate + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  asio::io_context io;
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate_chain_file(certificate);
  context.use_private_key_file(key, asio::ssl::context::pem);
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::thread server([&] {
    asio::ssl::stream<tcp::socket> stream(acceptor.accept(), context);
    stream.handshake(asio::ssl::stream_base::server);
    asio::streambuf request;
    asio::read_until(stream, request, "\r\n\r\n");
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content_.size()) + "\r\n\r\n";
    asio::write(stream, asio::buffer(head));
    asio::write(stream, asio::buffer(content_));
  });
  const auto whole =
      obtain({"https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())});
  server.join();
  ASSERT_TRUE(whole.has_value()) << whole.error().context;
  EXPECT_EQ(*whole, content_);
}

TEST_F(ArtifactStoreTest, RefusesSizesOutOfBoundsAndGivesUpWhenAsked) {
  wanted_.bytes = 0;
  EXPECT_EQ(obtain({}).error().code, ErrorCode::kInvalidInput);
  wanted_.bytes = market::kArtifactBytesMax + 1;
  EXPECT_EQ(obtain({}).error().code, ErrorCode::kInvalidInput);
  wanted_.bytes = content_.size();
  EXPECT_EQ(obtain({}).error().code, ErrorCode::kNetwork);
  ArtifactServer honest(content_, Manner::kHonest);
  const auto stopped = store_.obtain(wanted_, {honest.endpoint()}, [] { return false; });
  EXPECT_EQ(stopped.error().code, ErrorCode::kUnavailable);
}

TEST_F(ArtifactStoreTest, AFileIsFetchedWithoutMemoryForItAndOthersMakeRoom) {
  const Bytes old(900'000, 7);
  ASSERT_TRUE(store_.put(old).has_value());
  ArtifactServer breaking(content_, Manner::kBreaksOff);
  EXPECT_FALSE(store_.obtain_file(wanted_, {breaking.endpoint()}, [] { return true; }).has_value());
  const auto path = store_.obtain_file(wanted_, {breaking.endpoint()}, [] { return true; });
  ASSERT_TRUE(path.has_value()) << path.error().context;
  EXPECT_EQ(*path, store_.path_of(wanted_.digest));
  EXPECT_EQ(*store_.load(wanted_.digest), content_);
  EXPECT_FALSE(store_.load(sha256(old)).has_value());
  // Damaged, it is fetched again.
  std::filesystem::resize_file(*path, 10);
  EXPECT_TRUE(
      store_.obtain_file(wanted_, {breaking.endpoint(), breaking.endpoint()}, [] { return true; })
          .has_value());
  EXPECT_EQ(*store_.load(wanted_.digest), content_);
}

TEST_F(ArtifactStoreTest, WhatIsLargerThanTheQuotaIsNotAskedFor) {
  wanted_.bytes = (1 << 20) + 1;
  ArtifactServer honest(content_, Manner::kHonest);
  const auto none = store_.obtain_file(wanted_, {honest.endpoint()}, [] { return true; });
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(honest.requests(), 0);
}

TEST_F(ArtifactStoreTest, DeletesWhatIsDamagedOnDisk) {
  ASSERT_TRUE(store_.put(content_).has_value());
  Bytes flipped = content_;
  flipped[1000] ^= 1;
  std::ofstream(store_.path_of(wanted_.digest), std::ios::binary)
      .write(reinterpret_cast<const char*>(flipped.data()),
             static_cast<std::streamsize>(flipped.size()));
  EXPECT_EQ(store_.load(wanted_.digest).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(store_.path_of(wanted_.digest)));
}

TEST_F(ArtifactStoreTest, TrimsTheOldestThatNobodyUses) {
  std::vector<Hash32> digests;
  for (std::uint8_t i = 0; i < 5; ++i) {
    const Bytes each(400'000, i);
    ASSERT_TRUE(store_.put(each).has_value());
    digests.push_back(sha256(each));
    std::filesystem::last_write_time(
        store_.path_of(digests.back()),
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(10 - i));
  }
  store_.trim({digests[0]});
  EXPECT_TRUE(store_.load(digests[0]).has_value());
  EXPECT_FALSE(store_.load(digests[1]).has_value());
  EXPECT_FALSE(store_.load(digests[2]).has_value());
  EXPECT_FALSE(store_.load(digests[3]).has_value());
  EXPECT_TRUE(store_.load(digests[4]).has_value());
}

TEST(CodeCache, LoadsOnlyWhatThisHostWrote) {
  const TempFolder folder;
  const Hash32 key = sha256(as_bytes("key"));
  const Hash32 artifact = sha256(as_bytes("artifact"));
  const Hash32 profile = sha256(as_bytes("profile"));
  const auto cache = *CodeCache::open(folder.path(), key, 1 << 20);
  const Bytes code = fog::testing::SeededRng(4).bytes(10'000);
  EXPECT_EQ(cache.load(artifact, profile).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(cache.store(artifact, profile, code).has_value());
  EXPECT_EQ(*cache.load(artifact, profile), code);
  EXPECT_FALSE(cache.load(artifact, artifact).has_value());

  // Under another key, or with a byte changed anywhere, it is nobody's.
  const auto other = *CodeCache::open(folder.path(), artifact, 1 << 20);
  EXPECT_FALSE(other.load(artifact, profile).has_value());
  const auto path = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      return entry.path().string();
    }
    return std::string();
  };
  for (const std::size_t at : {0U, 31U, 32U, 5'000U, 10'031U}) {
    ASSERT_TRUE(cache.store(artifact, profile, code).has_value());
    Bytes file = fog::testing::read_whole(path());
    file[at] ^= 4;
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
    EXPECT_FALSE(cache.load(artifact, profile).has_value()) << at;
  }
}

}  // namespace
}  // namespace fog::executor
