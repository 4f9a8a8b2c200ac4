// AddressPolicy: which addresses requests of services may go to. Whoever lets strangers' programs
// ask other servers must not let them ask what stands behind his own router, on this computer, or
// where a cloud hands out its credentials.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "chain/base/error.h"

namespace fog::executor {

// A block of addresses, "10.0.0.0/8" or one address. kInvalidInput says what is wrong.
struct AddressBlock {
  boost::asio::ip::address_v6 base;  // IPv4 as ::ffff:a.b.c.d
  unsigned bits = 128;               // that count, from the left
  bool contains(const boost::asio::ip::address& address) const;
};
ErrorOr<AddressBlock> parse_address_block(std::string_view text);

// Whether it is a unicast address of the open Internet: not private, loopback, link-local, shared,
// reserved, documentation, multicast, nor one that stands for such an IPv4 address. Source: the
// IANA special-purpose address registries (RFC 6890 and its updates).
bool is_public(const boost::asio::ip::address& address);

class AddressPolicy {
 public:
  AddressPolicy() = default;
  // `also`: blocks that may be reached though they are not public.
  explicit AddressPolicy(std::vector<AddressBlock> also) : also_(std::move(also)) {}
  // Public, and none of this computer's own; or in one of the blocks.
  bool allows(const boost::asio::ip::address& address) const;

 private:
  std::vector<AddressBlock> also_;
};

}  // namespace fog::executor
