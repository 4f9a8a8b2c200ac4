// fogcoin secret ...: values that a service's program gets and nobody else sees: handed to the
// gateways that the bid authorizes, who give them to the Host that holds a lease.
#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <unistd.h>

#include "chain/base/file.h"
#include "market/types/secret.h"
#include "rpc/client/http_client.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

constexpr std::uint64_t kTimeoutMs = 20'000;

struct SecretOptions {
  std::string service;
  std::string name;
  std::string file;  // "-": standard input
  std::vector<std::string> gateways;
};

// ---- the value ----

ErrorOr<wallet::SecretText> read_value(const SecretOptions& options) {
  std::string text;
  if (!options.file.empty() && options.file != "-") {
    TRY(Bytes bytes, read_file(options.file, market::kSecretBytesMax + 2));
    text.assign(as_text(bytes));
    secure_wipe(bytes.data(), bytes.size());
  } else if (options.file.empty() && ::isatty(0) == 1) {
    return wallet::ask_on_terminal(0, "Value of " + options.name + ": ");
  } else {
    std::array<char, 4'096> chunk{};
    while (std::cin.read(chunk.data(), chunk.size()) || std::cin.gcount() > 0) {
      text.append(chunk.data(), static_cast<std::size_t>(std::cin.gcount()));
      if (text.size() > market::kSecretBytesMax + 2) break;
    }
    secure_wipe(chunk.data(), chunk.size());
  }
  // As editors and `echo` leave it.
  if (text.ends_with('\n')) text.pop_back();
  return wallet::SecretText(std::move(text));
}

// ---- whom it is for ----

ErrorOr<std::vector<market::Gateway>> gateways_of(NodeApi& node,
                                                  const std::vector<Address>& owners) {
  std::vector<StateKey> keys;
  for (const Address& owner : owners) keys.push_back(market::gateway_key(owner));
  TRY(auto found, read_records<market::Gateway>(node, keys));
  for (const Address& owner : owners) {
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const auto& gateway) { return gateway.owner == owner; });
    if (!known) return fail(ErrorCode::kNotFound, "there is no gateway " + to_text(owner));
  }
  return found;
}

// Those that are named; else those that the service's open bids authorize; else, before there is a
// bid, those that one would authorize by itself.
ErrorOr<std::vector<market::Gateway>> chosen_gateways(Context& context,
                                                      const SecretOptions& options) {
  std::vector<Address> owners;
  for (const std::string& text : options.gateways) {
    TRY(const auto owner, context.address_of_text(text));
    owners.push_back(owner);
  }
  if (owners.empty()) {
    TRY(const auto bids,
        read_index<market::Bid>(context.node(), market::bids_by_service(options.service),
                                state_key(Table::kBid), kListMax));
    for (const market::Bid& bid : bids) {
      if (bid.closed != market::CloseReason::kOpen) continue;
      for (const Address& owner : bid.terms.gateways) {
        if (std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
      }
    }
  }
  if (!owners.empty()) return gateways_of(context.node(), owners);
  TRY(auto all, read_index<market::Gateway>(context.node(), market::all_gateways(),
                                            state_key(Table::kGateway), kListMax));
  constexpr std::size_t kMax = decltype(market::BidTerms::gateways)::kMax;
  if (all.size() > kMax) all.resize(kMax);
  if (all.empty()) {
    return fail(ErrorCode::kNotFound,
                "no gateway is registered yet, so nobody can keep the secret. See: fogcoin gateway "
                "list");
  }
  return all;
}

// ---- handing it over ----

ErrorOr<void> put_update(const market::Gateway& gateway, const market::SignedSecretUpdate& update) {
  TRY(auto url, rpc::parse_http_url(gateway.endpoint));
  rpc::HttpClient client(std::move(url));
  const Bytes body = bcs_encode(update);
  rpc::HttpRequest request;
  request.method = "PUT";
  request.target = "/.fog/secrets/" + update.update.service;
  request.content_type = "application/octet-stream";
  request.body = as_text(body);
  request.timeout_ms = kTimeoutMs;
  request.answer_bytes_max = 64 * 1024;
  TRY(const auto answer, client.exchange(request));
  if (answer.status / 100 == 2) return {};
  std::string why = answer.body.substr(0, 300);
  while (!why.empty() && why.back() == '\n') why.pop_back();
  return fail(ErrorCode::kRejected,
              "the gateway refused (" + std::to_string(answer.status) + "): " + why);
}

// To every gateway; nothing for `value` takes the secret away.
ErrorOr<void> hand_over(Context& context, const SecretOptions& options,
                        const wallet::SecretText* value) {
  TRY(const auto service,
      read_one<market::Service>(context.node(), market::service_key(options.service),
                                "service '" + options.service +
                                    "' on the chain; publish it first: fogcoin service publish"));
  TRY(const auto gateways, chosen_gateways(context, options));
  TRY(const auto account, context.account());
  if (account.address != service.owner) {
    return fail(ErrorCode::kPermission, "'" + options.service + "' belongs to " +
                                            to_text(service.owner) +
                                            ", who alone sets its secrets (--account chooses "
                                            "another of the wallet's accounts)");
  }
  TRY(const auto status, context.node().status());
  TRY(const auto signer, context.signer());
  Json json{{"service", options.service}, {"name", options.name}, {"gateways", Json::array()}};
  std::string text;
  std::string failures;
  std::size_t taken = 0;
  for (const market::Gateway& gateway : gateways) {
    market::SignedSecretUpdate update;
    update.update = {status.chain_id,
                     service.name,
                     gateway.owner,
                     BoundedText<64>(options.name),
                     system_clock().wall_ms(),
                     {}};
    if (value != nullptr) {
      auto box = market::seal_secret(update.update, gateway.key, value->get(), system_rng());
      if (!box) return fail(ErrorCode::kCorrupt, "the gateway's key on the chain is no key");
      update.update.sealed = *std::move(box);
    }
    update.signer = signer->public_key();
    TRY(update.signature, signer->sign(market::secret_digest(update.update)));
    const auto done = put_update(gateway, update);
    if (done) ++taken;
    json["gateways"].push_back({{"gateway", to_text(gateway.owner)},
                                {"endpoint", gateway.endpoint},
                                {"error", done ? Json(nullptr) : Json(done.error().context)}});
    if (done) {
      text += (value != nullptr ? "Kept by the gateway at " : "Taken away from the gateway at ") +
              std::string(gateway.endpoint) + ".\n";
    } else {
      failures += "\n  " + std::string(gateway.endpoint) + ": " + done.error().context;
    }
  }
  if (taken < gateways.size()) {
    return fail(ErrorCode::kNetwork, std::to_string(gateways.size() - taken) + " of " +
                                         std::to_string(gateways.size()) +
                                         " gateways did not take it:" + failures +
                                         "\nRun the command again once they answer");
  }
  const auto& declared = service.manifest.secrets;
  if (value != nullptr &&
      std::find(declared.begin(), declared.end(), options.name) == declared.end()) {
    text += "The manifest does not name it yet: add `secrets: [" + options.name +
            "]` and publish again.\n";
  }
  text += "Replicas get it when they start.";
  context.print(json, text);
  return {};
}

ErrorOr<void> check_name(const std::string& name) {
  if (market::is_secret_name(name)) return {};
  return fail(
      ErrorCode::kInvalidInput,
      "a secret's name has 1 to 64 of A-Z, a-z, 0-9 and _, no digit first, and is none that "
      "a request sets (HTTP_*, PATH_INFO, PORT ...)");
}

ErrorOr<void> set(Context& context, const SecretOptions& options) {
  TRY_VOID(check_name(options.name));
  TRY(const auto value, read_value(options));
  if (!market::is_secret_value(value.get())) {
    return fail(ErrorCode::kInvalidInput,
                "the value must be UTF-8 text of at most 16384 bytes without a NUL byte; encode "
                "other bytes, e.g. by base64");
  }
  return hand_over(context, options, &value);
}

ErrorOr<void> remove(Context& context, const SecretOptions& options) {
  TRY_VOID(check_name(options.name));
  return hand_over(context, options, nullptr);
}

ErrorOr<void> list(Context& context, const SecretOptions& options) {
  TRY(const auto service,
      read_one<market::Service>(context.node(), market::service_key(options.service),
                                "service '" + options.service + "' on the chain"));
  TRY(const auto gateways, chosen_gateways(context, options));
  std::map<std::string, std::string> kept;  // by name: since when, where
  Json json = Json::array();
  Rows rows{{"SECRET", "SET", "KEPT BY"}};
  for (const market::Gateway& gateway : gateways) {
    TRY(auto url, rpc::parse_http_url(gateway.endpoint));
    rpc::HttpClient client(std::move(url));
    rpc::HttpRequest request;
    request.target = "/.fog/secrets/" + options.service;
    request.timeout_ms = kTimeoutMs;
    request.answer_bytes_max = 64 * 1024;
    const auto answer = client.exchange(request);
    const Json names = answer ? Json::parse(answer->body, nullptr, false) : Json();
    if (!names.is_object()) {
      rows.push_back(
          {"?", "",
           std::string(gateway.endpoint) + ": " + (answer ? "no list" : answer.error().context)});
      continue;
    }
    for (const auto& [name, time_ms] : names.items()) {
      if (!market::is_secret_name(name) || !time_ms.is_string()) continue;
      json.push_back({{"name", name}, {"time_ms", time_ms}, {"gateway", to_text(gateway.owner)}});
      rows.push_back({name,
                      time_text(std::strtoull(time_ms.get<std::string>().c_str(), nullptr, 10)),
                      gateway.endpoint});
      kept[name] = gateway.endpoint;
    }
  }
  std::string text = table(rows);
  for (const auto& name : service.manifest.secrets) {
    if (!kept.contains(name))
      text += "The manifest names " + name + ", which nobody keeps: fogcoin secret set " +
              options.service + " " + name + "\n";
  }
  context.print(json, text);
  return {};
}

}  // namespace

void add_secret_commands(CLI::App& app, Chosen& chosen) {
  auto* secret = app.add_subcommand(
      "secret", "Values that a service's program gets and nobody else sees: set, list, remove");
  secret->require_subcommand(1);
  auto options = std::make_shared<SecretOptions>();
  const auto add = [&](const char* name, const char* what, bool named, auto run) {
    auto* command = secret->add_subcommand(name, what);
    command->add_option("SERVICE", options->service, "the service's name")->required();
    if (named) command->add_option("NAME", options->name, "the variable's name")->required();
    command
        ->add_option("--gateway", options->gateways,
                     "gateway's address, may be given more than once (default: those that the "
                     "service's open bids authorize, else those that a new bid would)")
        ->take_all();
    command->callback([&chosen, options, run] {
      chosen.command = [options, run](Context& c) { return run(c, *options); };
    });
    return command;
  };
  auto* first = add("set", "Hands a value to the gateways, sealed to their keys", true, set);
  first->add_option("--file", options->file,
                    "file that holds the value, - for standard input; one line end at its end is "
                    "dropped (default: asked for on the terminal, else standard input)");
  add("list", "The names that gateways keep for a service", false, list);
  add("remove", "Takes a secret away from the gateways", true, remove);
}

}  // namespace fog::cli
