// The head of a workload's answer, by the rules that hold whoever wrote it: a command as text (see
// cgi.h) or a component in parts. Pure functions, safe from any thread; the input is a stranger's.
#pragma once

#include <optional>
#include <string>

#include "chain/base/result.h"
#include "market/types/host_link.h"

namespace fog::executor {

// Why a head is none; a fragment of a sentence.
using HeadFault = std::string;

// Whether a header's name may have it (RFC 9110, section 5.6.2).
bool is_token_char(char c);

// A field with its name in lower case. Refused: a name that is no token, a control character in the
// value, what is too long for the link.
Result<market::HttpField, HeadFault> response_field(std::string_view name, std::string_view value);

// Appends a field that a service may set. content-length is left out, since what counts is what was
// written; hop-by-hop and fog-* fields and more than 128 are refused.
std::optional<HeadFault> add_response_field(market::ResponseHead& head, market::HttpField field);

// A component's head, which came through a worker: canonical, or why not. The status is 200 to 599,
// or 101 where that was asked for.
Result<market::ResponseHead, HeadFault> check_response_head(const market::ResponseHead& written,
                                                            bool may_switch = false);

}  // namespace fog::executor
