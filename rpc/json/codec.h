// JSON forms of all public types, both ways: what JSON-RPC carries and `--json` prints.
//
// 64-bit numbers and amounts (droplets) are decimal strings, smaller numbers are JSON numbers,
// bytes are 0x-hex, addresses are Bech32, enums are their short names, absent values are null, maps
// are objects. The names are those of the structs' fields. Source: DESIGN section 3.
//
// Writing cannot fail. Reading takes everything that writing gives, and for 64-bit numbers a plain
// JSON number too; a field that is missing, unknown or malformed is named by its path, e.g.
// "params.terms.resources.cpu_milli: expected a whole number of at most 32 bits". All functions are
// pure and safe from any thread.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "chain/api/node_api.h"
#include "chain/api/stake_view.h"
#include "chain/base/error.h"
#include "chain/types/vote.h"
#include "market/types/event.h"
#include "market/types/messages.h"
#include "market/types/preview.h"

namespace fog::rpc {

// Whether a field that the type does not have is an error. Answers of a newer node may carry more.
enum class UnknownFields : std::uint8_t { kRefuse, kIgnore };

// Defined for the types listed in the codec_*.cc files; another type fails to link.
template <class T>
nlohmann::json to_json(const T& value);
// `what` names the value in errors.
template <class T>
ErrorOr<T> from_json(const nlohmann::json& json, std::string_view what,
                     UnknownFields unknown = UnknownFields::kRefuse);

// The message kind's short name, e.g. "create_bid"; nothing for a kind this build does not know.
std::string_view message_kind_name(std::uint16_t kind);
// Text as JSON for a terminal: two spaces of indentation; invalid UTF-8 is replaced.
std::string pretty(const nlohmann::json& json);
std::string compact(const nlohmann::json& json);

}  // namespace fog::rpc
