// foghost drain, open: what a Host says about its leases by hand.
#include <fmt/format.h>

#include "rpc/json/codec.h"
#include "rpc/programs/host/commands.h"

namespace fog::host {

ErrorOr<void> drain(const HostCommand& command, std::uint64_t minutes) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto host, self->host());
  TRY(const auto params,
      cli::read_one<market::MarketParams>(self->node(), market::market_params_key(), "parameters"));
  market::DrainHost message{host.id, minutes == 0 ? params.notice_ms : minutes * 60'000};
  if (message.after_ms < params.notice_ms || message.after_ms > market::kDrainMsMax) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("--after: the market asks for a notice of {} seconds, and takes at "
                            "most {} minutes",
                            params.notice_ms / 1'000, market::kDrainMsMax / 60'000));
  }
  Json json;
  TRY([[maybe_unused]] const auto sent, self->send({make_message(message)}, json));
  TRY(const auto after, self->host());
  json["host"] = to_hex0x(host.id);
  json["leaving_at_ms"] = std::to_string(after.leaving_at_ms);
  self->context().print(
      json, fmt::format("The offer is withdrawn, and {} open leases move to other Hosts. Keep "
                        "`foghost run` going until {}; `foghost offer` brings the Host back after "
                        "that.",
                        after.leases_open, cli::time_text(after.leaving_at_ms)));
  return {};
}

ErrorOr<void> open_lease(const HostCommand& command, const std::string& text) {
  const auto bytes = from_hex(text);
  const auto ticket = bytes ? bcs_decode<market::SignedTicket>(*bytes)
                            : Result<market::SignedTicket, BcsError>(Fail{BcsError::kTruncated});
  if (!ticket) {
    return fail(ErrorCode::kInvalidInput,
                "that is no ticket; copy the whole line that `foggate ticket` prints");
  }
  TRY(const auto self, Operator::open(command));
  const market::OpenLease message{ticket->ticket.lease, ticket->ticket.term, *ticket};
  Json json;
  TRY([[maybe_unused]] const auto sent, self->send({make_message(message)}, json));
  json["lease"] = to_hex0x(message.lease);
  self->context().print(json, "The reservation is open: it serves from now on.");
  return {};
}

}  // namespace fog::host
