// Ticket: by which a gateway opens a warm reservation at once, before any block. The Host puts it
// on the chain (OpenLease) as the evidence that it was asked.
#pragma once

#include "market/types/objects.h"

namespace fog::market {

struct Ticket {
  ChainId chain_id;
  LeaseId lease;
  std::uint32_t term = 1;
  Address gateway;
  std::uint64_t number = 1;     // above the number of every ticket that has opened this lease
  std::uint64_t expiry_ms = 0;  // the last block time at which it counts
  static constexpr auto kFields =
      std::make_tuple(&Ticket::chain_id, &Ticket::lease, &Ticket::term, &Ticket::gateway,
                      &Ticket::number, &Ticket::expiry_ms);
  bool operator==(const Ticket&) const = default;
};
// The tagged hash "fog/ticket" of BCS(ticket).
Hash32 ticket_digest(const Ticket& ticket);

struct SignedTicket {
  Ticket ticket;
  EcdsaSig signature;  // by the gateway's key
  static constexpr auto kFields = std::make_tuple(&SignedTicket::ticket, &SignedTicket::signature);
  bool operator==(const SignedTicket&) const = default;
};
SignedTicket sign_ticket(const Ticket& ticket, const SecretKey& gateway_key);
bool verify_ticket(const SignedTicket& ticket, const PublicKey& gateway_key);

}  // namespace fog::market
