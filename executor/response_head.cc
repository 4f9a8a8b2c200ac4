#include "executor/response_head.h"

#include "chain/base/ascii.h"

namespace fog::executor {
namespace {

constexpr std::size_t kFieldsMax = 128;

}  // namespace

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

Result<market::HttpField, HeadFault> response_field(std::string_view name, std::string_view value) {
  market::HttpField field;
  if (name.empty()) return Fail{HeadFault("a header line without a name and a colon")};
  for (const char c : name) {
    if (!is_token_char(c))
      return Fail{HeadFault("a header name with a character that no name has")};
    field.name += to_lower(c);
  }
  if (field.name.size() > field.name.kMax) return Fail{HeadFault("a header name that is too long")};
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
      return Fail{HeadFault("a control character in the value of " + field.name)};
    }
  }
  if (value.size() > field.value.kMax) {
    return Fail{HeadFault("a value of " + field.name + " that is too long")};
  }
  field.value.assign(value);
  return field;
}

std::optional<HeadFault> add_response_field(market::ResponseHead& head, market::HttpField field) {
  // Content-Length is the link's to say: what counts is the bytes that were written.
  if (field.name == "content-length") return std::nullopt;
  if (field.name.starts_with("fog-") || !market::counts_in_request(field.name)) {
    return HeadFault("the header " + field.name + ", which is not for a service to set");
  }
  if (head.fields.size() == kFieldsMax) return HeadFault("more than 128 header lines");
  head.fields.push_back(std::move(field));
  return std::nullopt;
}

Result<market::ResponseHead, HeadFault> check_response_head(const market::ResponseHead& written,
                                                            bool may_switch) {
  const bool switches = may_switch && written.status == 101;
  if (!switches && (written.status < 200 || written.status > 599)) {
    return Fail{HeadFault("a status that is not 200 to 599")};
  }
  market::ResponseHead head;
  head.status = written.status;
  for (const market::HttpField& each : written.fields) {
    TRY(auto field, response_field(each.name, each.value));
    if (auto fault = add_response_field(head, std::move(field))) return Fail{*std::move(fault)};
  }
  market::make_canonical(head);
  return head;
}

}  // namespace fog::executor
