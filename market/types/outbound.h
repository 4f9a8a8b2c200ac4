// Outbound: which other servers a Service may ask, as its manifest declares it.
//
// A pattern is HOST or HOST:PORT. HOST is a name in lower case, "*." and a domain (any name below
// it, not the domain itself), an IPv4 address, or an IPv6 address in brackets. Without PORT it
// means 80 for http and 443 for https.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "market/types/objects.h"

namespace fog::market {

bool is_outbound_pattern(std::string_view text);

// Whether a request to `host` may go out. `host`: lower case, an IPv6 address without brackets.
bool may_ask(std::span<const OutboundPattern> patterns, std::string_view host, std::uint16_t port,
             bool tls);

}  // namespace fog::market
