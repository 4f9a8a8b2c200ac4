#include "market/types/terms.h"

#include <algorithm>
#include <charconv>

namespace fog::market {

std::string_view attribute_op_name(AttributeOp op) {
  switch (op) {
    case AttributeOp::kEquals:
      return "=";
    case AttributeOp::kDiffers:
      return "!=";
    case AttributeOp::kIn:
      return "in";
    case AttributeOp::kAtLeast:
      return ">=";
    case AttributeOp::kExists:
      return "exists";
  }
  return "";
}

std::optional<std::uint64_t> attribute_number(std::string_view value) {
  std::uint64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (value.empty() || value.size() > 20 || error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return number;
}

bool AttributeRule::is_well_formed() const {
  if (key.empty()) return false;
  switch (op) {
    case AttributeOp::kEquals:
    case AttributeOp::kDiffers:
      return values.size() == 1;
    case AttributeOp::kIn:
      return !values.empty();
    case AttributeOp::kAtLeast:
      return values.size() == 1 && attribute_number(values[0]).has_value();
    case AttributeOp::kExists:
      return values.empty();
  }
  return false;
}

bool AttributeRule::holds(const Attributes& attributes) const {
  const auto found = attributes.find(key);
  if (found == attributes.end()) return op == AttributeOp::kDiffers;
  const AttributeValue& value = found->second;
  switch (op) {
    case AttributeOp::kEquals:
    case AttributeOp::kIn:
      return std::find(values.begin(), values.end(), value) != values.end();
    case AttributeOp::kDiffers:
      return std::find(values.begin(), values.end(), value) == values.end();
    case AttributeOp::kAtLeast: {
      const auto has = attribute_number(value);
      return has && !values.empty() && *has >= attribute_number(values[0]);
    }
    case AttributeOp::kExists:
      return true;
  }
  return false;
}

Scale unit_cap_scale(const UnitCaps& caps, const UnitPrices& prices) {
  Scale least = kScaleMax;
  const auto bound = [&](const std::optional<std::uint8_t>& step, std::uint64_t price) {
    if (step && price != 0) least = std::min(least, cap_scale(cap_of_step(*step), price));
  };
  bound(caps.cpu_core_hour, prices.cpu_core_hour);
  bound(caps.memory_gib_hour, prices.memory_gib_hour);
  bound(caps.storage_gib_month, prices.storage_gib_month);
  bound(caps.gpu_hour, prices.gpu_hour);
  bound(caps.gfuel, prices.gfuel);
  bound(caps.egress_gib, prices.egress_gib);
  bound(caps.million_requests, prices.million_requests);
  return least;
}

}  // namespace fog::market
