#include "rpc/gateway/affinity.h"

#include <algorithm>
#include <charconv>

namespace fog::gateway {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The cookie's value in one Cookie field (RFC 6265, 5.4); empty where it is not there.
std::string_view value_in(std::string_view cookies) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view pair = trimmed(cookies.substr(0, end));
    if (pair.size() > kStickyCookie.size() && pair.starts_with(kStickyCookie) &&
        pair[kStickyCookie.size()] == '=') {
      return pair.substr(kStickyCookie.size() + 1);
    }
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return {};
}

// What the service asks for; nothing where it does not, or not in whole seconds.
std::optional<std::uint64_t> seconds_in(const http::fields& answer) {
  const auto field = answer.find(beast::string_view(kStickyField.data(), kStickyField.size()));
  if (field == answer.end()) return std::nullopt;
  const std::string_view text(field->value().data(), field->value().size());
  std::uint64_t seconds = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return std::min(seconds, kStickySecondsMax);
}

}  // namespace

std::string sticky_value(const Replica& replica) {
  return to_hex(replica.lease).substr(0, 16) + "." + std::to_string(replica.term);
}

std::string sticky_cookie(const http::fields& request) {
  const auto [begin, end] = request.equal_range(http::field::cookie);
  for (auto field = begin; field != end; ++field) {
    const std::string_view value = value_in({field->value().data(), field->value().size()});
    if (!value.empty()) return std::string(value);
  }
  return {};
}

std::shared_ptr<Replica> named_replica(const std::string& cookie,
                                       const std::vector<std::shared_ptr<Replica>>& replicas) {
  if (cookie.empty()) return nullptr;
  const auto found = std::find_if(replicas.begin(), replicas.end(), [&](const auto& replica) {
    return sticky_value(*replica) == cookie;
  });
  return found == replicas.end() ? nullptr : *found;
}

void settle_affinity(http::fields& answer, const Affinity& affinity, const Replica& replica) {
  const std::optional<std::uint64_t> asked = seconds_in(answer);
  answer.erase(beast::string_view(kStickyField.data(), kStickyField.size()));
  const std::string value = sticky_value(replica);
  const std::uint64_t seconds = asked.value_or(affinity.seconds);
  // A session that the operator's word alone keeps begins once: every answer with a cookie would
  // keep caches from all of them.
  if (!asked && (seconds == 0 || affinity.came_with == value)) return;
  if (asked == 0U && affinity.came_with.empty()) return;
  std::string cookie = std::string(kStickyCookie) + "=" + value + "; Path=" + affinity.path +
                       "; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=Lax";
  if (affinity.encrypted) cookie += "; Secure";
  answer.insert(http::field::set_cookie, cookie);
}

}  // namespace fog::gateway
