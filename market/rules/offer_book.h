// OfferBook: the Offers that take part in this block's matching, and the bounded search for those
// that can serve a Bid.
//
// Loaded once a block, when there is an awake Bid to serve; as Bids clear, the room that they take
// leaves the book. Not thread safe. An index that answers the same search over a million Offers
// without loading them has this class's shape.
#pragma once

#include <map>
#include <set>

#include "market/rules/auction.h"
#include "market/rules/keep.h"

namespace fog::market {

// Of the Offers that fit runtime, region, GPU and free capacity, so many by score are tested
// against the remaining constraints.
constexpr std::size_t kSearchMax = 2'048;

// What a Bid searches for.
struct OfferQuery {
  BidTerms terms;
  BidId bid;
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  UseProfile profile;         // declared, or the chain's own average
  std::set<HostId> excluded;  // failed this Bid a moment ago
  Hash32 beacon;
};

struct BookEntry {
  Host host;
  Offer offer;
  std::uint16_t standing = kStandingOne;  // healed to this block's time
};

// A Host in service whose Offer was recorded before this block, as it stands; nothing otherwise.
std::optional<BookEntry> book_entry(const ReadView& state, const BlockContext& block,
                                    const HostId& host);
// Whether the entry satisfies every hard constraint, price cap included.
bool can_serve(const BookEntry& entry, const OfferQuery& query, const MarketParams& params);
// The attribute by which a Host says that it also runs such services, with the value "1"; empty for
// WASI commands, which every Host runs.
std::string_view runtime_attribute(RuntimeKind kind);

class OfferBook {
 public:
  OfferBook(const ReadView& state, const BlockContext& block, const MarketParams& params);

  // Candidates for the Bid by (score, tie), each as often as its free capacity holds it.
  std::vector<Candidate> search(const OfferQuery& query) const;
  const BookEntry& entry(const HostId& host) const;
  // A replica has taken room; the Host has one more lease. Writes both.
  void take(Overlay& state, const HostId& host, const Resources& resources);

 private:
  const MarketParams& params_;
  std::vector<BookEntry> entries_;
  std::map<HostId, std::size_t> places_;
};

}  // namespace fog::market
