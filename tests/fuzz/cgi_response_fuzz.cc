// What a workload writes is a stranger's: any bytes are a response within bounds, or a fault.
#include "chain/base/check.h"
#include "executor/cgi.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = fog::executor::parse_cgi_head({data, size});
  if (!parsed) {
    CHECK(!parsed.error().empty());
    return 0;
  }
  CHECK(parsed->body_from <= size);
  CHECK(parsed->head.status >= 200 && parsed->head.status <= 599);
  CHECK(parsed->head.fields.size() <= parsed->head.fields.kMax);
  for (const auto& field : parsed->head.fields) {
    CHECK(fog::market::counts_in_response(field.name));
    CHECK(field.value.find('\n') == std::string::npos &&
          field.value.find('\r') == std::string::npos);
  }
  // What follows the head does not change it.
  fog::Bytes longer(data, data + size);
  longer.push_back('x');
  const auto again = fog::executor::parse_cgi_head(longer);
  CHECK(!again || (again->head == parsed->head && again->body_from == parsed->body_from));
  return 0;
}
