// What a manifest may say of a container: where its image is, and which folders of its are kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fog::market {

// "HOST[:PORT]/NAME[/NAME...]", as the distribution specification of OCI names a repository: a
// registry by its full name ("docker.io", "localhost:5000"), path components of a-z, 0-9 and single
// '.', '_', "__" or dashes between them; no tag, no digest, at most 255 bytes.
bool is_image_name(std::string_view text);

constexpr std::uint32_t kVolumeMibMax = 1U << 20;

// Absolute, without "." or ".." or empty parts, of printable ASCII without ':' and ','; none lies
// within another or is or holds or lies within a place that every container has (/proc, /dev, /sys,
// /tmp, /run, /var/tmp, /etc/hosts).
bool are_volume_paths(const std::vector<std::string>& paths);

}  // namespace fog::market
