// Every public type as the TypeScript SDK shares it: see tests/support/sdk_vectors.h.
#include <gtest/gtest.h>

#include "chain/types/staking.h"
#include "rpc/json/types.h"
#include "tests/support/any_value.h"
#include "tests/support/sdk_vectors.h"

namespace fog::rpc {
namespace {

using nlohmann::json;
using testing::any_value;
using testing::SeededRng;

const char* problem_name(BcsError error) {
  switch (error) {
    case BcsError::kTruncated:
      return "truncated";
    case BcsError::kTrailing:
      return "trailing";
    case BcsError::kNonMinimal:
      return "non_minimal";
    case BcsError::kTooLong:
      return "too_long";
    case BcsError::kUnsorted:
      return "unsorted";
    case BcsError::kBadTag:
      return "bad_tag";
    case BcsError::kBadText:
      return "bad_text";
    case BcsError::kBadValue:
      return "bad_value";
  }
  return "";
}

template <class T>
void add_verdict(json& out, const char* type, const Bytes& bytes) {
  const auto decoded = bcs_decode<T>(bytes);
  out.push_back({{"type", type},
                 {"bcs", to_hex0x(bytes)},
                 {"verdict", decoded ? "ok" : problem_name(decoded.error())}});
}

// What a bug or an enemy makes of an encoding.
Bytes bend(SeededRng& rng, Bytes bytes) {
  const std::size_t at = bytes.empty() ? 0 : rng.below(bytes.size());
  switch (bytes.empty() ? 3 : rng.below(5)) {
    case 0:
      bytes[at] = static_cast<std::uint8_t>(rng.next());
      break;
    case 1:
      bytes.resize(at);
      break;
    case 2:
      bytes[at] = 0xFF;
      break;
    case 3:
      bytes.push_back(0);
      break;
    default:
      bytes[at] |= 0x80;
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1, 0);
  }
  return bytes;
}

template <class T>
void add_type(json& out, SeededRng& rng, const char* type) {
  for (int i = 0; i < 2; ++i) {
    const T value = any_value<T>(rng);
    const Bytes bytes = bcs_encode(value);
    json vector{{"type", type}, {"bcs", to_hex0x(bytes)}};
    if constexpr (detail::Described<T> || detail::HasCustom<T>)
      vector["json"] = detail::write(value);
    out.push_back(std::move(vector));
    for (int k = 0; k < 3; ++k) add_verdict<T>(out, type, bend(rng, bytes));
  }
}

TEST(SdkVectors, TypesAreAsRecorded) {
  SeededRng rng(20'261'130);
  json out = json::array();
#define ADD(type) add_type<type>(out, rng, #type)
  ADD(Account);
  ADD(BeaconReveal);
  ADD(Block);
  ADD(BlockHeader);
  ADD(Certificate);
  ADD(ChainParams);
  ADD(Commission);
  ADD(CreateValidator);
  ADD(Delegate);
  ADD(Delegation);
  ADD(EditValidator);
  ADD(EpochRecord);
  ADD(EpochTally);
  ADD(FeeMarket);
  ADD(IndexedSignature);
  ADD(LaneSequence);
  ADD(MultiAuth);
  ADD(MultisigPolicy);
  ADD(ParameterChange);
  ADD(PastEpoch);
  ADD(Proposal);
  ADD(ProposeParameters);
  ADD(RawMessage);
  ADD(Redelegate);
  ADD(RewardIndex);
  ADD(SignedTx);
  ADD(SingleAuth);
  ADD(StakingParams);
  ADD(SubmitEvidence);
  ADD(Supply);
  ADD(Transfer);
  ADD(TransferOutput);
  ADD(TxAuth);
  ADD(TxBody);
  ADD(UnbondingPool);
  ADD(Undelegate);
  ADD(Unjail);
  ADD(Validator);
  ADD(ValidatorRecord);
  ADD(ValidatorSet);
  ADD(ValidatorSignature);
  ADD(ValidatorTally);
  ADD(Vote);
  ADD(VoteParameters);
  ADD(WithdrawRewards);
#undef ADD
#define ADD(type) add_type<market::type>(out, rng, #type)
  ADD(AckLease);
  ADD(AdmitAuditors);
  ADD(AttestHost);
  ADD(Attestation);
  ADD(AttributeRule);
  ADD(Attributes);
  ADD(Bid);
  ADD(BidTerms);
  ADD(CloseBid);
  ADD(Constraints);
  ADD(Counters);
  ADD(CreateBid);
  ADD(Demand);
  ADD(Deposit);
  ADD(DrainHost);
  ADD(Gateway);
  ADD(Gpu);
  ADD(Heartbeat);
  ADD(Host);
  ADD(HostAudit);
  ADD(Lease);
  ADD(Location);
  ADD(LogClaim);
  ADD(LogState);
  ADD(Manifest);
  ADD(MarketEvent);
  ADD(MarketParams);
  ADD(Offer);
  ADD(OpenLease);
  ADD(PastPrice);
  ADD(PriceClass);
  ADD(PublishService);
  ADD(RaiseDemand);
  ADD(Receipt);
  ADD(ReceiptRecord);
  ADD(RegisterGateway);
  ADD(RegisterHost);
  ADD(ReleaseLease);
  ADD(Resources);
  ADD(RetireHost);
  ADD(RetireService);
  ADD(RevokeAttestation);
  ADD(RoundTrip);
  ADD(Service);
  ADD(SetOffer);
  ADD(SignedTicket);
  ADD(SignedVoucher);
  ADD(SubmitReceipts);
  ADD(SumNode);
  ADD(Ticket);
  ADD(TopUpBid);
  ADD(UnitCaps);
  ADD(UnitPrices);
  ADD(UpdateBid);
  ADD(UpdateGateway);
  ADD(UpdateHost);
  ADD(UpdateService);
  ADD(UseProfile);
  ADD(Volume);
  ADD(Voucher);
  ADD(WithdrawOffer);
#undef ADD
  // The edges that chance does not find.
  for (const char* hex : {"8000", "ffffffff1f", "ffffffffff01", "8102", "80", "", "00", "0000"}) {
    add_verdict<Transfer>(out, "Transfer", testing::hex(hex));
  }
  for (const char* hex : {"020161000161", "0201610001610000", "020162000161 00", "0201620001 6100",
                          "02026161000162 00", "0201 6200 026161 00", "21"}) {
    std::string packed(hex);
    std::erase(packed, ' ');
    add_verdict<market::Attributes>(out, "Attributes", testing::hex(packed));
  }
  for (const char* hex : {"03efbbbf00000000", "02c0af00000000", "03eda08000000000",
                          "04f490808000000000", "02c3a900000000", "21", "0180"}) {
    add_verdict<market::Gpu>(out, "Gpu", testing::hex(hex));
  }
  testing::expect_recorded("vectors/sdk_types.json", out);
}

}  // namespace
}  // namespace fog::rpc
