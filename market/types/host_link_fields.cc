#include <algorithm>
#include <array>

#include "chain/base/ascii.h"
#include "market/types/host_link.h"

namespace fog::market {
namespace {

constexpr std::array<std::string_view, 7> kHopByHop = {
    "connection", "keep-alive",      "te", "trailer", "transfer-encoding",
    "upgrade",    "proxy-connection"};

template <class Counts>
void canonicalize(BoundedList<HttpField, 128>& fields, Counts counts) {
  for (HttpField& field : fields) {
    for (char& c : field.name) c = to_lower(c);
  }
  std::erase_if(fields, [&](const HttpField& field) { return !counts(field.name); });
  std::stable_sort(fields.begin(), fields.end(), [](const HttpField& a, const HttpField& b) {
    return static_cast<const std::string&>(a.name) < static_cast<const std::string&>(b.name);
  });
}

}  // namespace

bool counts_in_request(std::string_view lower_name) {
  return !lower_name.starts_with("fog-") && !lower_name.starts_with("proxy-") &&
         std::find(kHopByHop.begin(), kHopByHop.end(), lower_name) == kHopByHop.end();
}

bool counts_in_response(std::string_view lower_name) {
  return counts_in_request(lower_name) && lower_name != "content-length" && lower_name != "date" &&
         lower_name != "server";
}

void make_canonical(RequestHead& head) {
  canonicalize(head.fields, counts_in_request);
}
void make_canonical(ResponseHead& head) {
  canonicalize(head.fields, counts_in_response);
}

}  // namespace fog::market
