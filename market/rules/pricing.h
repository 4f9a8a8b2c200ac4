// What a lease owes: price times quantities, cumulative over its term, rounded down once a price.
//
// A renewal changes the price at a block time. Rent is split there exactly. Use is not known by the
// millisecond: what the first receipt after the renewal adds is billed at the old or at the new
// price, whichever is less, so that no Host gains by reporting late.
#pragma once

#include "market/types/objects.h"

namespace fog::market {

// From the acknowledgement on, at the price that cleared.
void start_pricing(Lease& lease, std::uint64_t time_ms);
// Another price from `time_ms` on. Only while there is no past_price.
void change_price(Lease& lease, std::uint64_t time_ms, const UnitPrices& prices, Scale scale);
// Rent due in all for the time until then, which is not before the acknowledgement. Saturates.
Amount rent_due_at(const Lease& lease, std::uint64_t until_ms);
// Takes into use_due what the counters have grown by, at a receipt that bills until `until_ms`.
void bill_use(Lease& lease, const Counters& total_before, const Counters& total,
              std::uint64_t until_ms);

}  // namespace fog::market
