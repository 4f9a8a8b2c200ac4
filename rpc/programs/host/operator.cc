// Who acts: the operator's key for the daily business, the owner's wallet for bond and retirement.
#include <fmt/format.h>

#include "executor/host_view.h"
#include "rpc/json/codec.h"
#include "rpc/programs/host/commands.h"

namespace fog::host {

Operator::Operator(const HostCommand& command, HostConfig config, const SecretKey& key)
    : command_(command), config_(std::move(config)), key_(key) {}

ErrorOr<std::unique_ptr<Operator>> Operator::open(const HostCommand& command) {
  TRY(auto config, load_config(command.dir));
  TRY(const auto key, load_operator_key(command.dir));
  HostCommand with_node = command;
  with_node.options.node = command.node.empty() ? config.node : command.node;
  std::unique_ptr<Operator> out(new Operator(with_node, std::move(config), key));
  // The context keeps a reference to the options: they live in the operator.
  out->context_ = std::make_unique<cli::Context>(out->command_.options);
  return out;
}

ErrorOr<market::HostId> Operator::host_id() {
  auto stored = load_host_id(command_.dir);
  if (stored || stored.error().code != ErrorCode::kNotFound) return stored;
  // Registered elsewhere, or the file was lost: the operator's key tells.
  TRY(const auto hosts,
      read_index<market::Host>(node(), market::all_hosts(), state_key(Table::kHost), 100'000));
  for (const market::Host& host : hosts) {
    if (host.operator_key != key_.public_key()) continue;
    TRY_VOID(save_host_id(command_.dir, host.id));
    return host.id;
  }
  return stored;
}

ErrorOr<market::Host> Operator::host() {
  TRY(const auto id, host_id());
  return cli::read_one<market::Host>(node(), market::host_key(id),
                                     "Host " + to_hex0x(id) +
                                         " on this chain; was it registered "
                                         "on another network? Then remove host.id and register");
}

ErrorOr<wallet::Sent> Operator::send(const std::vector<RawMessage>& messages, Json& json) {
  wallet::KeySigner signer(key_);
  wallet::TxSender sender(node(), signer, system_clock(), system_rng());
  auto sent = sender.send(messages, {}, command_.options.timeout_s * 1'000);
  if (!sent &&
      (sent.error().code == ErrorCode::kNotFound || sent.error().code == ErrorCode::kExhausted)) {
    return Fail{Error{sent.error().code, sent.error().context + ". The operator's account " +
                                             to_text(signer.address()) +
                                             " pays the fees; send it a little FOG: fogcoin send " +
                                             to_text(signer.address()) + " 1"}};
  }
  if (!sent) return sent;
  json["tx"] = to_hex0x(sent->id);
  json["height"] = std::to_string(sent->height);
  json["fee"] = std::to_string(sent->fee().droplets);
  return sent;
}

}  // namespace fog::host
