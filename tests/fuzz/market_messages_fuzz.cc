// The market's messages: bytes that are accepted are the one encoding of their message, and
// whatever a message says, applying it and ending the block neither stops the node nor loses a
// droplet. The first byte chooses the message, the second who sends it and how much later.
#include "chain/base/check.h"
#include "tests/support/fuzz_market.h"

namespace {

using namespace fog;
using namespace fog::market;

template <class Message>
void try_as(ByteView bytes, std::uint8_t how) {
  const auto decoded = bcs_decode<Message>(bytes);
  if (!decoded) return;
  CHECK(bcs_encode(*decoded) == to_bytes(bytes));
  static const market::testing::FuzzMarket kMarket;
  market::testing::FuzzMarket market = kMarket;
  const SecretKey* senders[] = {&market.owner, &market.publisher, &market.gateway};
  Overlay overlay(market.state);
  market.block.time_ms += std::uint64_t{how} / 3 * 5'000;
  (void)market.send(overlay, *senders[how % 3], *decoded);
  market.end_block(overlay);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView bytes(data + 2, size - 2);
  switch (data[0] % 24) {
    case 0:
      try_as<RegisterHost>(bytes, data[1]);
      break;
    case 1:
      try_as<UpdateHost>(bytes, data[1]);
      break;
    case 2:
      try_as<RetireHost>(bytes, data[1]);
      break;
    case 3:
      try_as<SetOffer>(bytes, data[1]);
      break;
    case 4:
      try_as<WithdrawOffer>(bytes, data[1]);
      break;
    case 5:
      try_as<RegisterGateway>(bytes, data[1]);
      break;
    case 6:
      try_as<UpdateGateway>(bytes, data[1]);
      break;
    case 7:
      try_as<PublishService>(bytes, data[1]);
      break;
    case 8:
      try_as<UpdateService>(bytes, data[1]);
      break;
    case 9:
      try_as<RetireService>(bytes, data[1]);
      break;
    case 10:
      try_as<CreateBid>(bytes, data[1]);
      break;
    case 11:
      try_as<TopUpBid>(bytes, data[1]);
      break;
    case 12:
      try_as<CloseBid>(bytes, data[1]);
      break;
    case 13:
      try_as<AckLease>(bytes, data[1]);
      break;
    case 14:
      try_as<ReleaseLease>(bytes, data[1]);
      break;
    case 15:
      try_as<Heartbeat>(bytes, data[1]);
      break;
    case 17:
      try_as<AdmitAuditors>(bytes, data[1]);
      break;
    case 18:
      try_as<AttestHost>(bytes, data[1]);
      break;
    case 19:
      try_as<RevokeAttestation>(bytes, data[1]);
      break;
    case 20:
      try_as<DrainHost>(bytes, data[1]);
      break;
    case 21:
      try_as<RaiseDemand>(bytes, data[1]);
      break;
    case 22:
      try_as<OpenLease>(bytes, data[1]);
      break;
    case 23:
      try_as<UpdateBid>(bytes, data[1]);
      break;
    default:
      try_as<SubmitReceipts>(bytes, data[1]);
      break;
  }
  return 0;
}
