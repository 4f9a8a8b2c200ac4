// A socket that listens on a free port of 127.0.0.1.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "chain/base/check.h"
#include "chain/base/fd.h"

namespace fog::testing {

inline UniqueFd listen_on_loopback() {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(::listen(listener.get(), 64) == 0);
  return listener;
}

}  // namespace fog::testing
