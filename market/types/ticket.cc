#include "market/types/ticket.h"

#include "chain/crypto/hash.h"

namespace fog::market {

Hash32 ticket_digest(const Ticket& ticket) {
  static const HashTag kTag("fog/ticket");
  return tagged_hash(kTag, {bcs_encode(ticket)});
}

SignedTicket sign_ticket(const Ticket& ticket, const SecretKey& gateway_key) {
  return {ticket, gateway_key.sign_ecdsa(ticket_digest(ticket))};
}

bool verify_ticket(const SignedTicket& ticket, const PublicKey& gateway_key) {
  return verify_ecdsa(gateway_key, ticket_digest(ticket.ticket), ticket.signature);
}

}  // namespace fog::market
