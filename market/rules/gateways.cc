// Gateways: who may vouch, with which key.
#include <algorithm>

#include "market/rules/capacity.h"
#include "market/rules/gateway_keys.h"
#include "market/rules/rules.h"

namespace fog::market {
namespace {

template <class Message>
Fault check_gateway(const Message& message) {
  if (!is_valid(message.key)) return Fault::kBadPublicKey;
  if (!is_endpoint(message.endpoint)) return Fault::kBadEndpoint;
  if (!is_location(message.location)) return Fault::kBadLocation;
  return Fault::kNone;
}

}  // namespace

bool may_vouch(const BlockContext& block, const Bid& bid, const Address& gateway) {
  const auto has = [&](const auto& list) {
    return std::find(list.begin(), list.end(), gateway) != list.end();
  };
  return has(bid.terms.gateways) ||
         (block.time_ms <= bid.gateways_before_until_ms && has(bid.gateways_before));
}

Fault apply(Overlay& state, const BlockContext&, const TxContext& tx,
            const RegisterGateway& message) {
  if (load<Gateway>(state, gateway_key(tx.sender))) return Fault::kGatewayExists;
  if (const Fault fault = check_gateway(message); fault != Fault::kNone) return fault;
  const Amount fee = market_params(state).gateway_fee_burn;
  if (const Fault fault = debit(state, tx.sender, fee); fault != Fault::kNone) return fault;

  burn(state, fee);
  Gateway gateway;
  gateway.owner = tx.sender;
  gateway.key = message.key;
  gateway.endpoint = message.endpoint;
  gateway.location = message.location;
  keep(state, gateway);
  add_index(state, all_gateways(), tx.sender);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const UpdateGateway& message) {
  std::optional<Gateway> gateway = load<Gateway>(state, gateway_key(tx.sender));
  if (!gateway) return Fault::kGatewayNotFound;
  if (const Fault fault = check_gateway(message); fault != Fault::kNone) return fault;
  const bool new_key = message.key != gateway->key;
  if (new_key && block.time_ms <= gateway->previous_until_ms) return Fault::kGatewayKeyTooSoon;

  if (new_key) {
    const MarketParams params = market_params(state);
    gateway->previous_key = gateway->key;
    gateway->previous_until_ms =
        block.time_ms + params.receipt_interval_ms + params.final_receipt_window_ms;
    gateway->key = message.key;
  }
  gateway->endpoint = message.endpoint;
  gateway->location = message.location;
  keep(state, *gateway);
  return Fault::kNone;
}

}  // namespace fog::market
