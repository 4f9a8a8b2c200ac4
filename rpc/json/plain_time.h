// Times as people write them, for manifests and command lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fog::rpc {

// "90s", "1h30m", "20ms" in microseconds; nothing for anything else or beyond 64 bits.
std::optional<std::uint64_t> parse_duration_us(std::string_view text);
// "2026-12-24T18:00Z", "2026-12-24T18:00:30Z" in milliseconds since 1970.
std::optional<std::uint64_t> parse_utc_ms(std::string_view text);
// A duration as text, in its largest whole unit: "12h".
std::string duration_text(std::uint64_t us);

}  // namespace fog::rpc
