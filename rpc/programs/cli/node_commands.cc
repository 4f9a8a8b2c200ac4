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

ErrorOr<void> checkpoint(Context& context) {
  TRY(const auto found, context.node().checkpoint());
  context.print(
      rpc::to_json(found),
      table({{"checkpoint", std::to_string(found.height) + ":" + to_hex0x(found.block)},
             {"epoch", std::to_string(found.epoch)},
             {"block time", time_text(found.time_ms)},
             {"to start from it", "fogcoind run --trusted " + std::to_string(found.height) + ":" +
                                      to_hex0x(found.block)}}));
  return {};
}

std::string phase_text(const SyncReport& report) {
  switch (report.phase) {
    case SyncPhase::kNone:
      return "no snapshot is taken over";
    case SyncPhase::kEpochs:
      return "verifying the ends of epochs: " + std::to_string(report.epochs) + " so far";
    case SyncPhase::kOffers:
      return "looking for a snapshot";
    case SyncPhase::kChunks:
      return "fetching: " + std::to_string(report.chunks) + " of " +
             std::to_string(report.chunks_total) + " chunks of height " +
             std::to_string(report.snapshot_height);
    case SyncPhase::kInstalled:
      return "joined at height " + std::to_string(report.snapshot_height);
    case SyncPhase::kGivenUp:
      return "there was none: taking over the blocks";
  }
  return "";
}

ErrorOr<void> sync(Context& context) {
  TRY(const auto report, context.node().sync_report());
  std::string heights;
  for (const std::uint64_t height : report.snapshots)
    heights += (heights.empty() ? "" : ", ") + std::to_string(height);
  context.print(rpc::to_json(report),
                table({{"last block", std::to_string(report.height)},
                       {"oldest block", std::to_string(report.first_height)},
                       {"snapshot", phase_text(report)},
                       {"for others", heights.empty() ? "none" : "at heights " + heights}}));
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
  node->add_subcommand("sync", "The oldest and the last block, and how far a snapshot is")
      ->callback([&chosen] { chosen.command = sync; });
  node->add_subcommand("checkpoint",
                       "The end of the last epoch, for somebody who trusts this node to start from")
      ->callback([&chosen] { chosen.command = checkpoint; });
  node->add_subcommand("verify-supply", "Adds up every balance, stake, bond and escrow")
      ->callback([&chosen] { chosen.command = verify_supply; });
}

}  // namespace fog::cli
