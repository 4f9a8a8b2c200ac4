// Attribute rules and caps per unit.
#include "market/types/terms.h"

#include <gtest/gtest.h>

namespace fog::market {
namespace {

AttributeRule rule(AttributeOp op, std::vector<std::string> values) {
  AttributeRule out;
  out.key = "k";
  out.op = op;
  for (std::string& value : values) out.values.push_back(std::move(value));
  return out;
}
bool holds(const AttributeRule& wanted, std::optional<std::string> value) {
  Attributes attributes;
  attributes["other"] = "x";
  if (value) attributes["k"] = *value;
  return wanted.holds(attributes);
}

TEST(AttributeRule, EachOperation) {
  EXPECT_TRUE(holds(rule(AttributeOp::kEquals, {"a"}), "a"));
  EXPECT_FALSE(holds(rule(AttributeOp::kEquals, {"a"}), "b"));
  EXPECT_FALSE(holds(rule(AttributeOp::kEquals, {"a"}), std::nullopt));
  EXPECT_FALSE(holds(rule(AttributeOp::kDiffers, {"a"}), "a"));
  EXPECT_TRUE(holds(rule(AttributeOp::kDiffers, {"a"}), "b"));
  EXPECT_TRUE(holds(rule(AttributeOp::kDiffers, {"a"}), std::nullopt))
      << "who says nothing differs";
  EXPECT_TRUE(holds(rule(AttributeOp::kIn, {"a", "b"}), "b"));
  EXPECT_FALSE(holds(rule(AttributeOp::kIn, {"a", "b"}), "c"));
  EXPECT_TRUE(holds(rule(AttributeOp::kExists, {}), ""));
  EXPECT_FALSE(holds(rule(AttributeOp::kExists, {}), std::nullopt));
}

TEST(AttributeRule, AtLeastComparesWholeNumbers) {
  const AttributeRule hundred = rule(AttributeOp::kAtLeast, {"100"});
  EXPECT_TRUE(holds(hundred, "100"));
  EXPECT_TRUE(holds(hundred, "1000")) << "as numbers, not as text";
  EXPECT_FALSE(holds(hundred, "99"));
  EXPECT_TRUE(holds(hundred, "18446744073709551615"));
  for (const char* no_number : {"", "1e9", "+200", "-200", "200 ", "18446744073709551616",
                                "000000000000000000200", "0x200"}) {
    EXPECT_FALSE(holds(hundred, no_number)) << no_number;
  }
  EXPECT_FALSE(holds(hundred, std::nullopt));
}

TEST(AttributeRule, IsWellFormedWithAsManyValuesAsItTakes) {
  using enum AttributeOp;
  for (const AttributeOp op : {kEquals, kDiffers}) {
    EXPECT_TRUE(rule(op, {""}).is_well_formed());
    EXPECT_FALSE(rule(op, {}).is_well_formed());
    EXPECT_FALSE(rule(op, {"a", "b"}).is_well_formed());
  }
  EXPECT_TRUE(rule(kIn, {"a", "b"}).is_well_formed());
  EXPECT_FALSE(rule(kIn, {}).is_well_formed());
  EXPECT_TRUE(rule(kAtLeast, {"7"}).is_well_formed());
  EXPECT_FALSE(rule(kAtLeast, {"seven"}).is_well_formed());
  EXPECT_TRUE(rule(kExists, {}).is_well_formed());
  EXPECT_FALSE(rule(kExists, {"a"}).is_well_formed());
  AttributeRule nameless = rule(kExists, {});
  nameless.key = "";
  EXPECT_FALSE(nameless.is_well_formed());
}

TEST(UnitCaps, TheSmallestOfThemBinds) {
  UnitPrices prices;
  prices.cpu_core_hour = 1'000'000;
  prices.gfuel = 500'000;
  UnitCaps caps;
  EXPECT_EQ(unit_cap_scale(caps, prices), kScaleMax);
  caps.cpu_core_hour = *step_for(2'000'000);
  EXPECT_EQ(unit_cap_scale(caps, prices), cap_of_step(*caps.cpu_core_hour) * 10'000 / 1'000'000);
  caps.gfuel = *step_for(250'000);
  EXPECT_EQ(unit_cap_scale(caps, prices), cap_of_step(*caps.gfuel) * 10'000 / 500'000);
  caps.gpu_hour = 0;
  EXPECT_EQ(unit_cap_scale(caps, prices), cap_of_step(*caps.gfuel) * 10'000 / 500'000)
      << "what costs nothing has no bound";
}

}  // namespace
}  // namespace fog::market
