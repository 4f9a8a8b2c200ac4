// fogcoin tx show, wait: what became of a transaction.
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

std::string status_text(const TxId& id, const TxStatus& status) {
  std::string out = "Transaction " + to_hex0x(id) + "\n";
  switch (status.place) {
    case TxPlace::kUnknown:
      return out + "  unknown\n";
    case TxPlace::kPending:
      return out + "  waiting in the mempool\n";
    case TxPlace::kFinal:
      break;
  }
  const auto fault = static_cast<Fault>(status.outcome.fault);
  out += "  final at height " + std::to_string(status.height) + ", position " +
         std::to_string(status.index) + "\n";
  if (fault == Fault::kNone) {
    out += "  succeeded\n";
  } else {
    out += "  failed at message " + std::to_string(status.outcome.failed_message) + ": " +
           std::string(fault_name(fault)) + " - " + std::string(fault_help(fault)) + "\n";
  }
  return out + "  fee " + format_fog(status.outcome.fee_burned + status.outcome.fee_tip) + " (" +
         format_fog(status.outcome.fee_burned) + " burned)\n";
}

ErrorOr<void> show(Context& context, const std::string& text, std::optional<std::uint64_t> wait_s) {
  TRY(const auto id, parse_id(text, "transaction"));
  auto status = wait_s ? context.node().wait_transaction(id, *wait_s * 1'000)
                       : context.node().transaction(id);
  if (!status) return Fail{status.error()};
  if (status->place == TxPlace::kUnknown) {
    return fail(ErrorCode::kNotFound,
                "the node does not know transaction " + to_hex0x(id) +
                    ": it was never submitted there, was dropped, or has expired");
  }
  if (wait_s && status->place == TxPlace::kPending) {
    return fail(ErrorCode::kUnavailable,
                "transaction " + to_hex0x(id) + " still waits in the mempool after " +
                    std::to_string(*wait_s) + " s; it may become final until its expiry");
  }
  Json json = rpc::to_json(*status);
  json["id"] = to_hex0x(id);
  context.print(json, status_text(id, *status));
  return {};
}

}  // namespace

void add_tx_commands(CLI::App& app, Chosen& chosen) {
  auto* tx = app.add_subcommand(
      "tx", "Transactions: outcome, and files that are read, signed, combined and sent");
  tx->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  auto seconds = std::make_shared<std::uint64_t>(60);
  auto* outcome = tx->add_subcommand("show", "What became of a transaction");
  outcome->add_option("ID", *id, "transaction id")->required();
  outcome->callback(
      [&chosen, id] { chosen.command = [id](Context& c) { return show(c, *id, std::nullopt); }; });
  auto* wait = tx->add_subcommand("wait", "Waits until it is final");
  wait->add_option("ID", *id, "transaction id")->required();
  wait->add_option("--seconds", *seconds, "at most")->capture_default_str();
  wait->callback([&chosen, id, seconds] {
    chosen.command = [id, seconds](Context& c) { return show(c, *id, *seconds); };
  });
  add_tx_file_commands(*tx, chosen);
  add_tx_pending_commands(*tx, chosen);
}

}  // namespace fog::cli
