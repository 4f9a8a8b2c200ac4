// fogcoin auditor attest | revoke | list: what auditors say of Hosts.
#include "rpc/json/codec.h"
#include "rpc/json/plain_time.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

struct AttestOptions {
  std::string host;
  std::vector<std::string> attributes;
  std::string lasts = "30d";
};

ErrorOr<market::Attributes> parse_attributes(const std::vector<std::string>& words) {
  market::Attributes out;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals == std::string::npos || name.empty() || name.size() > 32 ||
        word.size() - equals - 1 > 64) {
      return fail(
          ErrorCode::kInvalidInput,
          "\"" + word +
              "\" is not NAME=VALUE with a name of 1 to 32 bytes and a value of at most 64");
    }
    out[name] = word.substr(equals + 1);
  }
  if (out.size() > market::Attributes::kMax)
    return fail(ErrorCode::kInvalidInput, "at most 32 attributes can be attested of a Host");
  return out;
}

ErrorOr<void> attest(Context& context, const AttestOptions& options) {
  TRY(const auto id, parse_id(options.host, "host"));
  TRY(auto attributes, parse_attributes(options.attributes));
  const auto lasts_us = rpc::parse_duration_us(options.lasts);
  if (!lasts_us || *lasts_us < 1'000'000 || *lasts_us / 1'000 >= market::kAttestationMsMax) {
    return fail(ErrorCode::kInvalidInput,
                "--for: expected a duration from 1s to less than 366d, e.g. 30d, not \"" +
                    options.lasts + "\"");
  }
  TRY(const ChainStatus status, context.node().status());
  const market::AttestHost message{id, std::move(attributes), status.time_ms + *lasts_us / 1'000};
  Json json{{"host", to_hex0x(id)}, {"expires_ms", std::to_string(message.expires_ms)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Attested at height " + std::to_string(sent.height) + ", until " +
                          time_text(message.expires_ms) + ".");
  return {};
}

ErrorOr<void> revoke(Context& context, const std::string& text) {
  TRY(const auto id, parse_id(text, "host"));
  Json json{{"host", to_hex0x(id)}};
  TRY(const auto sent, context.send({make_message(market::RevokeAttestation{id})}, {}, json));
  context.print(json, "Revoked at height " + std::to_string(sent.height) + "; leases go on.");
  return {};
}

std::string attributes_text(const market::Attributes& attributes) {
  std::string out;
  for (const auto& [name, value] : attributes) {
    out += (out.empty() ? "" : ", ") + std::string(name) + "=" + std::string(value);
  }
  return out.empty() ? "(nothing)" : out;
}

ErrorOr<void> list(Context& context, const std::string& text) {
  TRY(const auto id, parse_id(text, "host"));
  TRY(const auto host,
      read_one<market::Host>(context.node(), market::host_key(id), "Host " + to_hex0x(id)));
  market::HostAudit audit;
  audit.host = host.id;
  TRY(auto found, read_record<market::HostAudit>(context.node(), market::host_audit_key(id)));
  if (found) audit = *std::move(found);
  TRY(const ChainStatus status, context.node().status());
  Rows rows{{"AUDITOR", "EXPIRES", "ATTESTS"}};
  for (const market::Attestation& one : audit.attestations) {
    const bool counts = !one.attributes.empty() && status.time_ms < one.expires_ms;
    const std::string expires = one.attributes.empty() ? "-"
                                : counts               ? time_text(one.expires_ms)
                                                       : "expired";
    rows.push_back({to_text(one.auditor), expires, attributes_text(one.attributes)});
  }
  context.print(rpc::to_json(audit),
                audit.attestations.empty()
                    ? "The Host's owner has admitted no auditor (foghost auditors)."
                    : table(rows));
  return {};
}

}  // namespace

void add_auditor_commands(CLI::App& app, Chosen& chosen) {
  auto* auditor = app.add_subcommand(
      "auditor", "What auditors say of Hosts, for bids that trust them: attest, revoke, list");
  auditor->require_subcommand(1);
  auto options = std::make_shared<AttestOptions>();
  auto* say = auditor->add_subcommand(
      "attest", "Says that a Host has these attributes; its owner must have admitted this account");
  say->add_option("HOST", options->host, "the Host's id")->required();
  say->add_option("NAME=VALUE", options->attributes,
                  "what it has; takes the place of what was attested before")
      ->required();
  say->add_option("--for", options->lasts, "how long it counts, e.g. 12h or 30d")
      ->capture_default_str();
  say->callback([&chosen, options] {
    chosen.command = [options](Context& c) { return attest(c, *options); };
  });
  auto host = std::make_shared<std::string>();
  auto* take_back = auditor->add_subcommand("revoke", "What this account attests no longer holds");
  take_back->add_option("HOST", *host, "the Host's id")->required();
  take_back->callback(
      [&chosen, host] { chosen.command = [host](Context& c) { return revoke(c, *host); }; });
  auto* all = auditor->add_subcommand("list", "What is attested of a Host, and by whom");
  all->add_option("HOST", *host, "the Host's id")->required();
  all->callback(
      [&chosen, host] { chosen.command = [host](Context& c) { return list(c, *host); }; });
}

}  // namespace fog::cli
