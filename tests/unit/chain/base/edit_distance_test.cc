#include "chain/base/edit_distance.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

TEST(EditDistance, CountsWhatWasSlippedOn) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("accounts", "acounts"), 1U) << "left out";
  EXPECT_EQ(edit_distance("node", "nodde"), 1U) << "twice";
  EXPECT_EQ(edit_distance("balance", "belance"), 1U) << "another";
  EXPECT_EQ(edit_distance("sign", "sing"), 1U) << "swapped";
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U) << "what was swapped is not changed again";
}

TEST(EditDistance, IsTheSameBothWaysAndKeepsToItsBounds) {
  for (const char* a : {"", "a", "list", "lits", "delegate", "redelegate"}) {
    for (const char* b : {"", "b", "list", "til", "gate", "undelegate"}) {
      const std::string_view left = a;
      const std::string_view right = b;
      const std::size_t distance = edit_distance(left, right);
      EXPECT_EQ(distance, edit_distance(right, left));
      EXPECT_LE(distance, std::max(left.size(), right.size()));
      EXPECT_GE(distance,
                std::max(left.size(), right.size()) - std::min(left.size(), right.size()));
      EXPECT_EQ(distance == 0, left == right);
    }
  }
}

}  // namespace
}  // namespace fog
