// fogcoin node ...: the chain itself.
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

ErrorOr<void> status(Context& context) {
  TRY(const auto now, context.node().status());
  context.print(rpc::to_json(now),
                table({{"chain", now.chain_name + " (" + to_hex0x(now.chain_id) + ")"},
                       {"height", std::to_string(now.height)},
                       {"block time", time_text(now.time_ms)},
                       {"state root", to_hex0x(now.app_hash)},
                       {"base price", std::to_string(now.base_price) + " droplets a unit"},
                       {"mempool", std::to_string(now.mempool_txs) + " transactions"},
                       {"node", context.options().node + ", version " + now.version}}));
  return {};
}

ErrorOr<void> verify_supply(Context& context) {
  TRY(const auto report, context.node().verify_supply());
  context.print(rpc::to_json(report), table({{"height", std::to_string(report.height)},
                                             {"minted", format_fog(report.supply.minted)},
                                             {"burned", format_fog(report.supply.burned)},
                                             {"accounts", format_fog(report.accounts)},
                                             {"stakes", format_fog(report.stakes)},
                                             {"bonds", format_fog(report.bonds)},
                                             {"escrows", format_fog(report.escrows)},
                                             {"conserved", report.conserved ? "yes" : "NO"}}));
  if (!report.conserved)
    return fail(ErrorCode::kCorrupt, "the supply does not add up: do not trust this node's state");
  return {};
}

}  // namespace

void add_node_commands(CLI::App& app, Chosen& chosen) {
  auto* node = app.add_subcommand("node", "The node and its chain");
  node->require_subcommand(1);
  node->add_subcommand("status", "Height, time, state root, prices")->callback([&chosen] {
    chosen.command = status;
  });
  node->add_subcommand("verify-supply", "Adds up every balance, stake, bond and escrow")
      ->callback([&chosen] { chosen.command = verify_supply; });
}

}  // namespace fog::cli
