// What the server decides from a request's head alone. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fog::rpc {

// Whether the Host header may reach this server: an IP address, "localhost", or one of `names`,
// with or without a port. A web page can make a browser send its own host name to any address (DNS
// rebinding), but never another one.
bool host_is_allowed(std::string_view host_header, const std::vector<std::string>& names);

// Whether a browser's Origin header is of this server itself: its host equals the Host header.
bool origin_is_allowed(std::string_view origin_header, std::string_view host_header);

// "https://wallet.example.org" or with a port, as a browser writes it; "*" for every one.
bool is_origin_rule(std::string_view rule);
// Whether an Origin header is one of these (is_origin_rule).
bool origin_is_listed(std::string_view origin_header, const std::vector<std::string>& rules);

// Whether an Authorization header carries the token; takes equally long wherever they differ. An
// empty token fits none.
bool bearer_fits(std::string_view authorization, std::string_view token);

}  // namespace fog::rpc
