// The one list of message kinds that JSON knows by name and by fields. For .cc files only.
#pragma once

#include "rpc/json/types.h"

namespace fog::rpc::detail {

struct MessageForm {
  std::uint16_t kind;
  std::string_view name;
  // The body of a canonical payload; nothing when the payload is not canonical.
  std::optional<Json> (*body_of)(ByteView payload);
  bool (*payload_of)(Reader& reader, const Json& body, Bytes& payload);
};

// Nothing for an unknown kind or name.
const MessageForm* message_form(std::uint16_t kind);
const MessageForm* message_form(std::string_view name);

}  // namespace fog::rpc::detail
