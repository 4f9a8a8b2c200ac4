#include "executor/address_policy.h"

#include <algorithm>
#include <charconv>
#include <ifaddrs.h>
#include <memory>

#include <netinet/in.h>

#include "chain/base/check.h"

namespace fog::executor {
namespace {

namespace ip = boost::asio::ip;

ip::address_v6 as_v6(const ip::address& address) {
  if (address.is_v6()) {
    // Without the scope, which is no part of what is compared.
    return ip::address_v6(address.to_v6().to_bytes());
  }
  return ip::make_address_v6(ip::v4_mapped, address.to_v4());
}

AddressBlock block(const char* text) {
  auto parsed = parse_address_block(text);
  CHECK(parsed.has_value());
  return *parsed;
}

const std::vector<AddressBlock>& special_v4() {
  static const std::vector<AddressBlock> kBlocks = [] {
    std::vector<AddressBlock> out;
    for (const char* text :
         {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
          "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
          "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"}) {
      out.push_back(block(text));
    }
    return out;
  }();
  return kBlocks;
}

// Of 2000::/3, which alone is given out: what is not unicast on the open Internet, or leads to an
// IPv4 address by a tunnel (Teredo, 6to4).
const std::vector<AddressBlock>& special_v6() {
  static const std::vector<AddressBlock> kBlocks = {block("2001::/23"), block("2001:db8::/32"),
                                                    block("2002::/16"), block("3fff::/20")};
  return kBlocks;
}

bool in_any(const std::vector<AddressBlock>& blocks, const ip::address& address) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const AddressBlock& each) { return each.contains(address); });
}

// Asked each time: a computer's addresses change while it runs.
bool is_own(const ip::address& address) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return true;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(first, &::freeifaddrs);
  const ip::address_v6 wanted = as_v6(address);
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    if (each->ifa_addr->sa_family == AF_INET) {
      const auto& at = reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr;
      if (as_v6(ip::address_v4(ntohl(at.s_addr))) == wanted) return true;
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      const auto& at = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr;
      ip::address_v6::bytes_type bytes;
      std::copy_n(at.s6_addr, bytes.size(), bytes.begin());
      if (ip::address_v6(bytes) == wanted) return true;
    }
  }
  return false;
}

}  // namespace

bool AddressBlock::contains(const ip::address& address) const {
  const auto mine = base.to_bytes();
  const auto theirs = as_v6(address).to_bytes();
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if (((mine[bit / 8] ^ theirs[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

ErrorOr<AddressBlock> parse_address_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  boost::system::error_code failed;
  const ip::address address = ip::make_address(std::string(text.substr(0, slash)), failed);
  const unsigned most = address.is_v4() ? 32 : 128;
  unsigned bits = most;
  if (!failed && slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto end = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (end.ec != std::errc() || end.ptr != number.data() + number.size() || bits > most) {
      failed = boost::asio::error::invalid_argument;
    }
  }
  if (failed) {
    return fail(ErrorCode::kInvalidInput, "\"" + std::string(text.substr(0, 64)) +
                                              "\" is no block of addresses like 10.0.0.0/8");
  }
  return AddressBlock{as_v6(address), 128 - most + bits};
}

bool is_public(const ip::address& address) {
  if (address.is_v4()) return !in_any(special_v4(), address);
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return !in_any(special_v4(), ip::make_address_v4(ip::v4_mapped, v6));
  static const AddressBlock kGiven = block("2000::/3");
  return kGiven.contains(v6) && !in_any(special_v6(), v6);
}

bool AddressPolicy::allows(const ip::address& address) const {
  return in_any(also_, address) || (is_public(address) && !is_own(address));
}

}  // namespace fog::executor
