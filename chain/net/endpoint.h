// Between Asio's addresses and ours. Internal to chain/net.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "chain/net/peer_address.h"

namespace fog {

inline IpAddress ip_of(const boost::asio::ip::address& address) {
  IpAddress out;
  out.data =
      address.is_v4()
          ? boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4()).to_bytes()
          : address.to_v6().to_bytes();
  return out;
}

inline boost::asio::ip::tcp::endpoint endpoint_of(const IpAddress& ip, std::uint16_t port) {
  const boost::asio::ip::address_v6 six(ip.data);
  if (!is_ipv4(ip)) return {six, port};
  return {boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, six), port};
}

}  // namespace fog
