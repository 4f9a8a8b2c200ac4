// Renewals: when a lease's length has passed, its replica is cleared again at the Offers of that
// time. If its Host wins, the lease goes on in the same term at the new price; the replica serves
// without noticing. If another wins, or nobody, the lease gets notice.
#pragma once

#include "market/rules/leases.h"

namespace fog::market {

class OfferIndex;

// The time has come: the Bid takes part in this block's auction for it.
void settle_renewal(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due);

// The leases of one Bid that an auction is to renew, while it runs.
class Renewals {
 public:
  // Takes the Bid's renewals of this block. For the auction, what their Hosts hold for them is
  // free.
  Renewals(Overlay& state, const BlockContext& block, const MarketParams& params, OfferIndex& index,
           const BidId& bid);
  std::size_t count() const { return leases_.size(); }
  bool contains(const LeaseId& id) const;
  // The Host has won, at that scale: one of its leases goes on. False if it has none left here.
  bool renew(const HostId& host, Scale scale);
  // Those that were not renewed get notice: kLeaseOver, but where money was short and nobody has
  // taken their place, kEscrowExhausted. The Hosts hold again what they held.
  void finish(bool short_of_money);

 private:
  struct Item {
    LeaseId id;
    HostId host;
    Resources resources;
    bool lent = false;  // its room counts as free meanwhile
  };
  void take_back(const Item& item);

  Overlay& state_;
  const BlockContext& block_;
  const MarketParams& params_;
  OfferIndex& index_;
  std::vector<Item> leases_;
};

}  // namespace fog::market
