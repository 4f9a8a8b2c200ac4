#include "chain/types/parties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chain/types/staking_messages.h"

namespace fog {
namespace {

using ::testing::ElementsAre;

Address address(std::uint8_t byte) {
  Address out;
  out.data.fill(byte);
  return out;
}

TEST(Parties, AreWhoSignsAndWhoIsPaidEachOnce) {
  SignedTx tx;
  tx.auth = SingleAuth{};
  tx.body.sender = address(5);
  EXPECT_THAT(parties_of(tx), ElementsAre(address(5)));
  tx.body.messages.push_back(make_message(
      Transfer{{{address(9), Amount{1}}, {address(5), Amount{1}}, {address(9), Amount{2}}}}));
  CreateValidator create;
  create.payout = address(1);
  tx.body.messages.push_back(make_message(create));
  EditValidator edit;
  tx.body.messages.push_back(make_message(edit));
  edit.payout = address(7);
  tx.body.messages.push_back(make_message(edit));
  EXPECT_THAT(parties_of(tx), ElementsAre(address(1), address(5), address(7), address(9)));
}

TEST(Parties, AMessageThatCannotBeDecodedNamesNobody) {
  SignedTx tx;
  tx.auth = SingleAuth{};
  tx.body.sender = address(5);
  tx.body.messages.push_back(make_message(Transfer{{{address(9), Amount{1}}}}));
  tx.body.messages[0].payload = BoundedBytes<kMessageBytesMax>(Bytes{1});
  EXPECT_THAT(parties_of(tx), ElementsAre(address(5)));
}

}  // namespace
}  // namespace fog
