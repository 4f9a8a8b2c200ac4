// Faults: every number has a name of its own and a sentence that helps.
#include "chain/types/fault.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace fog {
namespace {

// Every fault that has a text; the switch in fault.cc has no default, so none can lack one.
std::vector<Fault> known_faults() {
  std::vector<Fault> faults;
  for (std::uint32_t number = 0; number < 1'000; ++number) {
    const auto fault = static_cast<Fault>(number);
    if (fault_name(fault) != "unknown_fault") faults.push_back(fault);
  }
  return faults;
}

TEST(Fault, EveryFaultHasAShortUniqueName) {
  std::set<std::string_view> names;
  for (const Fault fault : known_faults()) {
    const std::string_view name = fault_name(fault);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
        << name;
  }
  EXPECT_GE(names.size(), 80U);
}

TEST(Fault, EveryFaultHelpsInOneSentence) {
  std::set<std::string_view> helps;
  for (const Fault fault : known_faults()) {
    const std::string_view help = fault_help(fault);
    EXPECT_TRUE(helps.insert(help).second) << fault_name(fault);
    EXPECT_TRUE(help.ends_with('.')) << help;
    EXPECT_TRUE(help.front() >= 'A' && help.front() <= 'Z') << help;
    // What is wrong, and what to do next.
    if (fault != Fault::kNone) {
      EXPECT_NE(help.find_first_of(";:"), std::string_view::npos) << help;
    }
  }
}

TEST(Fault, NumbersAreFixedForEver) {
  EXPECT_EQ(static_cast<int>(Fault::kMalformed), 1);
  EXPECT_EQ(static_cast<int>(Fault::kTipAboveMax), 12);
  EXPECT_EQ(static_cast<int>(Fault::kExpired), 100);
  EXPECT_EQ(static_cast<int>(Fault::kInsufficientFunds), 200);
  EXPECT_EQ(static_cast<int>(Fault::kHostNotFound), 300);
  EXPECT_EQ(static_cast<int>(Fault::kBlockBadParent), 900);
  EXPECT_EQ(fault_name(Fault::kSequenceTooLow), "sequence_too_low");
}

TEST(Fault, OnlyFormFaultsBlameTheSender) {
  EXPECT_FALSE(is_form_fault(Fault::kNone));
  EXPECT_TRUE(is_form_fault(Fault::kMalformed));
  EXPECT_TRUE(is_form_fault(Fault::kTipAboveMax));
  EXPECT_FALSE(is_form_fault(Fault::kExpired));
  EXPECT_FALSE(is_form_fault(Fault::kBlockBadTime));
}

TEST(Fault, AForeignNumberSaysSo) {
  EXPECT_EQ(fault_name(static_cast<Fault>(60'000)), "unknown_fault");
}

}  // namespace
}  // namespace fog
