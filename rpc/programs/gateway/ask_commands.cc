#include "rpc/programs/gateway/ask_commands.h"

#include <algorithm>
#include <charconv>
#include <iostream>

#include "market/types/messages.h"
#include "rpc/client/http_node.h"
#include "wallet/tx_sender.h"

namespace fog {
namespace {

// "HOST=12.5": a Host's id and milliseconds.
ErrorOr<market::RoundTrip> round_trip_of(const std::string& text) {
  const std::size_t at = text.find('=');
  const auto host = fixed_from_hex<32>(std::string_view(text).substr(0, at));
  double milliseconds = 0;
  const char* const end = text.data() + text.size();
  const bool read = at != std::string::npos &&
                    std::from_chars(text.data() + at + 1, end, milliseconds).ptr == end;
  if (!host || !read || !(milliseconds > 0 && milliseconds < 60'000)) {
    return fail(ErrorCode::kInvalidInput,
                "--round-trip: write HOST=MILLISECONDS, e.g. 0x1234...=12.5, not \"" + text + "\"");
  }
  return market::RoundTrip{*host, static_cast<std::uint32_t>(milliseconds * 1'000 + 0.5)};
}

// In the order of the Hosts, as the chain wants them.
ErrorOr<market::RoundTrips> round_trips_of(const std::vector<std::string>& texts) {
  market::RoundTrips trips;
  if (texts.size() > decltype(trips)::kMax) {
    return fail(ErrorCode::kInvalidInput, "--round-trip: at most 32 Hosts");
  }
  for (const std::string& text : texts) {
    TRY(const auto trip, round_trip_of(text));
    trips.push_back(trip);
  }
  std::sort(trips.begin(), trips.end(),
            [](const auto& a, const auto& b) { return a.host < b.host; });
  return trips;
}

}  // namespace

ErrorOr<void> ask_for_replicas(const std::string& node_url, const SecretKey& key,
                               const AskOptions& options) {
  const auto bid = fixed_from_hex<32>(options.id);
  if (!bid) return fail(ErrorCode::kInvalidInput, "BID is an id of 32 bytes in hex");
  rpc::HttpNode node(node_url);
  wallet::KeySigner signer(key);
  wallet::TxSender sender(node, signer, system_clock(), system_rng());
  TRY(const auto self, read_record<market::Gateway>(node, market::gateway_key(sender.address())));
  if (!self) {
    return fail(ErrorCode::kNotFound, "this gateway is not on the chain: foggate register");
  }
  market::RaiseDemand message;
  message.bid = *bid;
  message.replicas = options.replicas;
  message.location = self->location;
  message.for_ms = options.minutes * 60'000;
  TRY(message.round_trips, round_trips_of(options.round_trips));
  TRY(const auto sent, sender.send({make_message(message)}));
  std::cout << "Asks for " << message.replicas << " replicas for " << options.minutes
            << " minutes, at height " << sent.height << ".\n";
  return {};
}

ErrorOr<void> give_ticket(const std::string& node_url, const SecretKey& key,
                          const AskOptions& options) {
  const auto id = fixed_from_hex<32>(options.id);
  if (!id) return fail(ErrorCode::kInvalidInput, "LEASE is an id of 32 bytes in hex");
  rpc::HttpNode node(node_url);
  TRY(const auto lease, read_record<market::Lease>(node, market::lease_key(*id)));
  if (!lease || lease->state != market::LeaseState::kReserved) {
    return fail(ErrorCode::kNotFound,
                "there is no warm reservation with this id; the leases of a "
                "bid show with: fogcoin bid show BID");
  }
  TRY(const auto status, node.status());
  const market::Ticket ticket{status.chain_id,   lease->id,
                              lease->term,       address_of(key.public_key()),
                              lease->ticket + 1, status.time_ms + options.minutes * 60'000};
  std::cout << to_hex0x(bcs_encode(market::sign_ticket(ticket, key))) << "\n";
  std::cerr << "Ticket " << ticket.number << ", good for " << options.minutes
            << " minutes of block time. The Host opens the reservation with: foghost open TICKET\n";
  return {};
}

}  // namespace fog
