// The market's types.
#include "rpc/json/types.h"

namespace fog::rpc {

FOG_JSON_TYPE(market::Bid);
FOG_JSON_TYPE(market::BidTerms);
FOG_JSON_TYPE(market::Demand);
FOG_JSON_TYPE(market::Gateway);
FOG_JSON_TYPE(market::Host);
FOG_JSON_TYPE(market::HostAudit);
FOG_JSON_TYPE(market::Lease);
FOG_JSON_TYPE(market::Location);
FOG_JSON_TYPE(market::Manifest);
FOG_JSON_TYPE(market::MarketEvent);
FOG_JSON_TYPE(market::MarketParams);
FOG_JSON_TYPE(market::Offer);
FOG_JSON_TYPE(market::PreviewReport);
FOG_JSON_TYPE(market::PriceClass);
FOG_JSON_TYPE(market::ReceiptRecord);
FOG_JSON_TYPE(market::Resources);
FOG_JSON_TYPE(market::RuntimeKind);
FOG_JSON_TYPE(market::Service);
FOG_JSON_TYPE(market::SignedVoucher);
FOG_JSON_TYPE(market::UnitPrices);
FOG_JSON_TYPE(market::UseProfile);

}  // namespace fog::rpc
