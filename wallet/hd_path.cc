#include "wallet/hd_path.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "chain/base/check.h"

namespace fog::wallet {
namespace {

std::optional<std::uint32_t> parse_step(std::string_view step) {
  std::uint32_t hardened = 0;
  if (step.ends_with('\'') || step.ends_with('h') || step.ends_with('H')) {
    hardened = kHardened;
    step.remove_suffix(1);
  }
  std::uint32_t index = 0;
  const char* const end = step.data() + step.size();
  const auto [stop, problem] = std::from_chars(step.data(), end, index);
  if (step.empty() || problem != std::errc{} || stop != end || index >= kHardened) {
    return std::nullopt;
  }
  return index | hardened;
}

}  // namespace

ErrorOr<HdPath> parse_hd_path(std::string_view text) {
  if (text != "m" && !text.starts_with("m/")) {
    return fail(ErrorCode::kInvalidInput,
                "a derivation path starts with m, as in m/44'/118'/0'/0/0");
  }
  HdPath path;
  text.remove_prefix(1);
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash
    const std::string_view step = text.substr(0, text.find('/'));
    text.remove_prefix(step.size());
    const auto index = parse_step(step);
    if (!index) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("step {} of the derivation path is not a number below 2147483648, "
                              "with ' after it if hardened",
                              path.size() + 1));
    }
    if (path.size() == kHdDepthMax) {
      return fail(ErrorCode::kInvalidInput, "a derivation path has at most 255 steps");
    }
    path.push_back(*index);
  }
  return path;
}

std::string to_text(const HdPath& path) {
  std::string out = "m";
  for (const std::uint32_t index : path) {
    out += fmt::format("/{}{}", index & ~kHardened, (index & kHardened) != 0 ? "'" : "");
  }
  return out;
}

HdPath account_path(std::uint32_t index) {
  CHECK(index < kHardened);
  return {44 | kHardened, 118 | kHardened, 0 | kHardened, 0, index};
}

}  // namespace fog::wallet
