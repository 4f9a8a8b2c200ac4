#include "rpc/server/static_files.h"

#include <algorithm>

#include "chain/base/ascii.h"

namespace fog::rpc {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// What stands before the next separator, which goes too.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(part);
}

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// "q=0", "q=0.000": a coding that is named to be refused.
bool is_zero_weight(std::string_view parameter) {
  if (parameter.size() < 3 || to_lower(parameter[0]) != 'q' || parameter[1] != '=') return false;
  return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  bool by_any = false;
  while (!accept_encoding.empty()) {
    std::string_view rest = take(accept_encoding, ',');
    const std::string_view coding = take(rest, ';');
    const bool refused = is_zero_weight(trimmed(rest));
    if (same_text(coding, "gzip") || same_text(coding, "x-gzip")) return !refused;
    if (coding == "*") by_any = !refused;
  }
  return by_any;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  const auto opaque = [](std::string_view text) {
    return text.starts_with("W/") ? text.substr(2) : text;
  };
  while (!if_none_match.empty()) {
    const std::string_view one = take(if_none_match, ',');
    if (one == "*" || opaque(one) == opaque(tag)) return true;
  }
  return false;
}

StaticSite::StaticSite(std::span<const StaticFile> files) : files_(files.begin(), files.end()) {
  std::sort(files_.begin(), files_.end(),
            [](const StaticFile& a, const StaticFile& b) { return a.path < b.path; });
}

const StaticFile* StaticSite::find(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  const auto found =
      std::lower_bound(files_.begin(), files_.end(), path,
                       [](const StaticFile& file, std::string_view p) { return file.path < p; });
  return found != files_.end() && found->path == path ? &*found : nullptr;
}

StaticAnswer StaticSite::answer(const StaticFile& file, const StaticRequest& request) {
  StaticAnswer out;
  const bool zipped = !file.gzip.empty() && takes_gzip(request.accept_encoding);
  out.headers = {
      {"ETag", file.tag},
      {"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Content-Security-Policy", file.policy},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"}};
  if (!file.gzip.empty()) out.headers.emplace_back("Vary", "Accept-Encoding");
  out.not_modified = names_tag(request.if_none_match, file.tag);
  if (out.not_modified) return out;
  out.headers.emplace_back("Content-Type", file.type);
  if (zipped) out.headers.emplace_back("Content-Encoding", "gzip");
  out.body = zipped ? file.gzip : file.plain;
  return out;
}

}  // namespace fog::rpc
