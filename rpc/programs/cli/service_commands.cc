// fogcoin service ...: the service library, and the artifacts that Hosts fetch from gateways.
#include <algorithm>

#include "chain/crypto/hash.h"
#include "rpc/json/codec.h"
#include "rpc/json/manifest_keys.h"
#include "rpc/programs/cli/context.h"
#include "rpc/programs/cli/service_file.h"
#include "rpc/programs/cli/upload.h"

namespace fog::cli {
namespace {

ErrorOr<std::vector<market::Gateway>> all_gateways(Context& context) {
  return read_index<market::Gateway>(context.node(), market::all_gateways(),
                                     state_key(Table::kGateway), kListMax);
}

// Uploads to every gateway that takes it; fails if none does.
ErrorOr<void> upload(Context& context, const LoadedService& service, Json& json,
                     std::string& text) {
  TRY(const auto gateways, all_gateways(context));
  if (gateways.empty()) {
    return fail(
        ErrorCode::kNotFound,
        "no gateway is registered yet, so the program has nowhere to go. Upload it later with: "
        "fogcoin service upload MANIFEST");
  }
  json["uploads"] = Json::array();
  std::string failures;
  bool any = false;
  for (const market::Gateway& gateway : gateways) {
    const auto done =
        upload_artifact(gateway.endpoint, service.manifest.artifact, service.content.bytes());
    any = any || done.has_value();
    json["uploads"].push_back({{"gateway", to_text(gateway.owner)},
                               {"endpoint", gateway.endpoint},
                               {"error", done ? Json(nullptr) : Json(done.error().context)}});
    if (done) {
      text += "Uploaded to the gateway at " + gateway.endpoint + ".\n";
    } else {
      failures += "\n  " + gateway.endpoint + ": " + done.error().context;
      text += "Not uploaded to " + gateway.endpoint + ": " + done.error().context + "\n";
    }
  }
  if (!any) {
    return fail(ErrorCode::kNetwork,
                "the service stands on the chain, but no gateway took its program:" + failures +
                    "\nTry again with: fogcoin service upload MANIFEST");
  }
  return {};
}

ErrorOr<void> publish(Context& context, const std::string& path, bool no_upload) {
  TRY(const auto service, load_service(path));
  TRY_VOID(check_program(service));
  TRY(const auto before,
      read_record<market::Service>(context.node(), market::service_key(service.file.name)));
  TRY(const auto account, context.account());
  if (before && before->owner != account.address) {
    return fail(ErrorCode::kAlreadyExists, "the name '" + service.file.name + "' belongs to " +
                                               to_text(before->owner) +
                                               ". Choose another in the manifest");
  }
  TRY(const auto params,
      read_one<market::MarketParams>(context.node(), market::market_params_key(), "parameters"));
  RawMessage message;
  std::vector<std::string> notes;
  if (before) {
    market::UpdateService update{service.file.name, service.manifest};
    message = make_message(update);
    notes.push_back("it is version " + std::to_string(before->version + 1));
  } else {
    market::PublishService first{service.file.name, service.manifest};
    message = make_message(first);
    notes.push_back("the name burns " + format_fog(params.service_fee_burn));
  }
  const bool pulled = !service.manifest.image.empty();
  if (!pulled) notes.push_back("the program is " + service.artifact_path);
  Json json{{"service", service.file.name}, {"artifact", to_hex0x(service.manifest.artifact)}};
  std::string text;
  if (before && before->manifest == service.manifest) {
    text = "'" + service.file.name + "' is published already, unchanged.\n";
    json["tx"] = nullptr;
  } else {
    TRY(const auto sent, context.send({message}, notes, json));
    text = "Published '" + service.file.name + "' at height " + std::to_string(sent.height) +
           ", fee " + format_fog(sent.fee()) + ".\n";
  }
  if (!no_upload && !pulled) TRY_VOID(upload(context, service, json, text));
  context.print(json, text);
  return {};
}

ErrorOr<void> upload_only(Context& context, const std::string& path) {
  TRY(const auto service, load_service(path));
  if (!service.manifest.image.empty()) {
    return fail(ErrorCode::kInvalidInput,
                path + " names an image in a registry: Hosts pull it there, nothing is uploaded");
  }
  Json json{{"service", service.file.name}, {"artifact", to_hex0x(service.manifest.artifact)}};
  std::string text;
  TRY_VOID(upload(context, service, json, text));
  context.print(json, text);
  return {};
}

ErrorOr<void> show(Context& context, const std::string& name) {
  TRY(const auto service, read_one<market::Service>(context.node(), market::service_key(name),
                                                    "service '" + name + "'"));
  const market::Manifest& manifest = service.manifest;
  const std::string text = table({{"name", service.name},
                                  {"summary", manifest.summary},
                                  {"owner", to_text(service.owner)},
                                  {"version", std::to_string(service.version)},
                                  {"artifact", to_hex(manifest.artifact)},
                                  {"bytes", std::to_string(manifest.artifact_bytes)},
                                  {"memory", std::to_string(manifest.memory_mib) + " MiB"},
                                  {"fuel a request", std::to_string(manifest.fuel_per_request)},
                                  {"time a request", std::to_string(manifest.wall_ms) + " ms"},
                                  {"open bids", std::to_string(service.bids_open)}});
  context.print(rpc::to_json(service), text);
  return {};
}

ErrorOr<void> list(Context& context, const std::string& owner, bool mine) {
  StateKey prefix = market::all_services();
  if (mine) {
    TRY(const auto account, context.account());
    prefix = market::services_by_owner(account.address);
  } else if (!owner.empty()) {
    TRY(const auto address, context.address_of_text(owner));
    prefix = market::services_by_owner(address);
  }
  TRY(const auto services,
      read_index<market::Service>(context.node(), prefix, state_key(Table::kService), kListMax));
  Json json = Json::array();
  Rows rows{{"NAME", "VERSION", "BIDS", "OWNER", "SUMMARY"}};
  for (const auto& service : services) {
    json.push_back(rpc::to_json(service));
    rows.push_back({service.name, std::to_string(service.version),
                    std::to_string(service.bids_open), to_text(service.owner),
                    service.manifest.summary});
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> retire(Context& context, const std::string& name) {
  market::RetireService message{name};
  Json json{{"service", name}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Retired '" + name + "' at height " + std::to_string(sent.height) + ".");
  return {};
}

}  // namespace

void add_service_commands(CLI::App& app, Chosen& chosen) {
  auto* service = app.add_subcommand("service", "The service library: publish, list, show, retire");
  service->require_subcommand(1);
  auto path = std::make_shared<std::string>();
  auto no_upload = std::make_shared<bool>(false);
  auto* first = service->add_subcommand(
      "publish", "Publishes a manifest (or its new version) and uploads the program");
  first->add_option("MANIFEST", *path, "service.yaml or .json")
      ->required()
      ->check(CLI::ExistingFile);
  first->add_flag("--no-upload", *no_upload, "do not upload the program to the gateways");
  first->callback([&chosen, path, no_upload] {
    chosen.command = [path, no_upload](Context& c) { return publish(c, *path, *no_upload); };
  });
  auto* up = service->add_subcommand("upload",
                                     "Uploads the program of a published service to the gateways");
  up->add_option("MANIFEST", *path, "service.yaml or .json")->required()->check(CLI::ExistingFile);
  up->callback(
      [&chosen, path] { chosen.command = [path](Context& c) { return upload_only(c, *path); }; });

  service->add_subcommand("schema", "Prints the JSON Schema of manifests, for editors and checkers")
      ->callback([&chosen] {
        chosen.command = [](Context& c) -> ErrorOr<void> {
          const auto schema = rpc::manifest_schema();
          c.print(Json(schema), schema.dump(2));
          return {};
        };
      });

  auto name = std::make_shared<std::string>();
  auto* one = service->add_subcommand("show", "One service");
  one->add_option("NAME", *name, "its name")->required();
  one->callback(
      [&chosen, name] { chosen.command = [name](Context& c) { return show(c, *name); }; });
  auto* gone = service->add_subcommand("retire", "Frees the name; only without open bids");
  gone->add_option("NAME", *name, "its name")->required();
  gone->callback(
      [&chosen, name] { chosen.command = [name](Context& c) { return retire(c, *name); }; });

  auto owner = std::make_shared<std::string>();
  auto mine = std::make_shared<bool>(false);
  auto* all = service->add_subcommand("list", "All services, or an owner's");
  all->add_option("--owner", *owner, "address or account name");
  all->add_flag("--mine", *mine, "those of the account in use");
  all->callback([&chosen, owner, mine] {
    chosen.command = [owner, mine](Context& c) { return list(c, *owner, *mine); };
  });
}

}  // namespace fog::cli
