#include "market/types/image_archive.h"

#include <algorithm>

namespace fog::market {
namespace {

// POSIX.1-1988 (ustar): a header of one block before each file.
constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeDigits = 12;
constexpr std::size_t kMagicAt = 257;

// The name of the tar entry at `at`, and where the next one is.
std::pair<std::string_view, std::size_t> tar_entry(ByteView archive, std::size_t at) {
  const std::string_view header = as_text(archive.subspan(at, kBlock));
  const std::string_view name =
      header.substr(0, std::min<std::size_t>(kNameBytes, header.find('\0')));
  std::uint64_t size = 0;
  for (const char c : header.substr(kSizeAt, kSizeDigits)) {
    if (c >= '0' && c <= '7') size = size * 8 + static_cast<std::uint64_t>(c - '0');
  }
  const std::uint64_t next = at + kBlock + (size + kBlock - 1) / kBlock * kBlock;
  return {name, static_cast<std::size_t>(std::min<std::uint64_t>(next, archive.size()))};
}

}  // namespace

std::optional<std::string_view> image_archive_kind(ByteView archive) {
  std::optional<std::string_view> kind;
  for (std::size_t at = 0; at + kBlock <= archive.size();) {
    if (as_text(archive.subspan(at + kMagicAt, 5)) != "ustar") break;
    auto [name, next] = tar_entry(archive, at);
    if (name.starts_with("./")) name.remove_prefix(2);
    if (name == "oci-layout") return "oci-archive";
    if (name == "manifest.json") kind = "docker-archive";
    at = next;
  }
  return kind;
}

}  // namespace fog::market
