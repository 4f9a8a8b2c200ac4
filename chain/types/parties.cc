#include "chain/types/parties.h"

#include <algorithm>

#include "chain/types/staking_messages.h"

namespace fog {

std::vector<Address> parties_of(const SignedTx& tx) {
  std::vector<Address> out{tx.body.sender};
  for (const RawMessage& message : tx.body.messages) {
    // Only kinds that name an account beside the sender's.
    if (message.kind == static_cast<std::uint16_t>(MessageKind::kTransfer)) {
      const auto transfer = bcs_decode<Transfer>(message.payload);
      if (!transfer) continue;
      for (const TransferOutput& output : transfer->outputs) out.push_back(output.to);
    } else if (message.kind == static_cast<std::uint16_t>(MessageKind::kCreateValidator)) {
      const auto create = bcs_decode<CreateValidator>(message.payload);
      if (create) out.push_back(create->payout);
    } else if (message.kind == static_cast<std::uint16_t>(MessageKind::kEditValidator)) {
      const auto edit = bcs_decode<EditValidator>(message.payload);
      if (edit && edit->payout) out.push_back(*edit->payout);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace fog
