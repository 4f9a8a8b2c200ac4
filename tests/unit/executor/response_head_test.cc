// A component's head comes through a worker, which a stranger's code may have taken over.
#include "executor/response_head.h"

#include <gtest/gtest.h>

namespace fog::executor {
namespace {

market::ResponseHead head(std::initializer_list<std::pair<const char*, std::string>> fields,
                          std::uint16_t status = 200) {
  market::ResponseHead out;
  out.status = status;
  for (const auto& [name, value] : fields) {
    market::HttpField& field = out.fields.emplace_back();
    field.name.assign(name);
    field.value.assign(value);
  }
  return out;
}

TEST(ResponseHead, IsCanonicalAndWithoutWhatTheLinkSays) {
  const auto checked = check_response_head(head({{"X-B", "2"},
                                                 {"content-length", "7"},
                                                 {"x-a", "1"},
                                                 {"Date", "now"},
                                                 {"set-cookie", "a"},
                                                 {"set-cookie", "b"}},
                                                404));
  ASSERT_TRUE(checked.has_value()) << checked.error();
  EXPECT_EQ(checked->status, 404);
  std::string fields;
  for (const market::HttpField& field : checked->fields) {
    fields += field.name + "=" + field.value + ";";
  }
  EXPECT_EQ(fields, "set-cookie=a;set-cookie=b;x-a=1;x-b=2;");
}

TEST(ResponseHead, RefusesWhatWouldReachTheEndUserAsSomethingElse) {
  const std::vector<std::pair<market::ResponseHead, std::string>> bad = {
      {head({}, 199), "status"},
      {head({}, 600), "status"},
      {head({}, 0), "status"},
      {head({{"x", "a\r\nset-cookie: b"}}), "control character"},
      {head({{"x", std::string("a\0b", 3)}}), "control character"},
      {head({{"x\r\ny", "a"}}), "character that no name has"},
      {head({{"x: y", "a"}}), "character that no name has"},
      {head({{"", "a"}}), "without a name"},
      {head({{"connection", "close"}}), "not for a service"},
      {head({{"Transfer-Encoding", "chunked"}}), "not for a service"},
      {head({{"Fog-Fuel", "0"}}), "not for a service"},
  };
  for (const auto& [written, why] : bad) {
    const auto checked = check_response_head(written);
    ASSERT_FALSE(checked.has_value()) << why;
    EXPECT_NE(checked.error().find(why), std::string::npos) << checked.error();
  }
}

}  // namespace
}  // namespace fog::executor
