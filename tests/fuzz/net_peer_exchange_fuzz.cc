// What peers tell of peers, what a hello says, what an address book file holds and what an operator
// types: read in one form or refused, and the book stays within its bounds.
#include "chain/base/check.h"
#include "chain/net/address_book.h"
#include "chain/net/wire.h"

namespace {

constexpr std::uint64_t kNow = 1'700'000'000;

class CountingRng final : public fog::Rng {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

void hear(const fog::Peers& peers) {
  fog::AddressBook book(fog::Hash32{}, fog::NodeId{});
  const auto source = fog::parse_ip("9.8.7.6");
  CHECK(source.has_value());
  for (const fog::BookAddress& address : peers.peers) {
    if (book.add(address, *source, kNow)) {
      CHECK(fog::is_dialable(address.ip) && address.port != 0 && fog::is_valid(address.id));
      book.answered(address, kNow);
    }
  }
  CHECK(book.size() <= peers.peers.size());
  CountingRng rng;
  CHECK(book.sample(rng, 1'000, kNow).size() == book.size());
  const auto again = fog::AddressBook::decode(book.encode(), fog::NodeId{});
  CHECK(again && again->size() == book.size() && again->tried_size() == book.tried_size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fog::ByteView bytes(data, size);
  if (const auto peers = fog::bcs_decode<fog::Peers>(bytes)) {
    CHECK(fog::bcs_encode(*peers) == fog::to_bytes(bytes));
    hear(*peers);
  }
  if (const auto hello = fog::bcs_decode<fog::Hello>(bytes)) {
    CHECK(fog::bcs_encode(*hello) == fog::to_bytes(bytes));
  }
  if (const auto book = fog::AddressBook::decode(bytes, fog::NodeId{})) {
    CHECK(fog::AddressBook::decode(book->encode(), fog::NodeId{}).has_value());
  }
  const std::string text(fog::as_text(bytes));
  if (const auto ip = fog::parse_ip(text)) {
    CHECK(fog::parse_ip(fog::ip_text(*ip)) == ip);
  }
  if (const auto peer = fog::parse_peer_address(text)) {
    const auto again = fog::parse_peer_address(fog::peer_address_text(*peer));
    CHECK(again && *again == *peer);
  }
  return 0;
}
