// fogcoin history: what an account paid and was paid, in the node's words of final blocks.
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"
#include "wallet/describe.h"

namespace fog::cli {
namespace {

struct HistoryOptions {
  std::string who;
  std::uint32_t limit = 25;
  std::string cursor;
  bool oldest_first = false;
};

std::string outcome_text(const TxOutcome& outcome) {
  return outcome.fault == 0 ? "ok" : std::string(fault_name(static_cast<Fault>(outcome.fault)));
}

// The first line names the transaction; one line stands for each thing it was to do.
ErrorOr<void> add_rows(Context& context, const Address& whose, const FinalTx& one, Rows& rows) {
  const auto tx = bcs_decode<SignedTx>(one.tx);
  if (!tx) return fail(ErrorCode::kProtocol, "the node sent a transaction that cannot be read");
  const auto described = wallet::describe(
      tx->body.messages, [&](const Address& address) { return context.who(address); });
  std::vector<std::string> lines;
  if (tx->body.sender != whose) lines.push_back("by " + context.who(tx->body.sender) + ":");
  if (described) {
    lines.insert(lines.end(), described->lines.begin(), described->lines.end());
  } else {
    lines.push_back("what this program does not know");
  }
  rows.push_back({std::to_string(one.position.height), time_text(one.time_ms),
                  Cell::id(tx_id(tx->body)), outcome_text(one.outcome),
                  format_fog(one.outcome.fee_burned + one.outcome.fee_tip), lines.front()});
  for (std::size_t i = 1; i < lines.size(); ++i) rows.push_back({"", "", "", "", "", lines[i]});
  return {};
}

ErrorOr<void> show(Context& context, const HistoryOptions& options) {
  Address whose;
  if (options.who.empty()) {
    TRY(const UsedAccount account, context.account());
    whose = account.address;
  } else {
    TRY(whose, context.address_of_text(options.who));
  }
  std::optional<TxPosition> from;
  if (!options.cursor.empty()) {
    TRY(from, rpc::from_json<TxPosition>(Json(options.cursor), "--cursor"));
  }
  const auto order = options.oldest_first ? HistoryOrder::kOldestFirst : HistoryOrder::kNewestFirst;
  TRY(const HistoryPage page, context.node().history(whose, order, from, options.limit));
  Rows rows{{"HEIGHT", "TIME", "TRANSACTION", "OUTCOME", "FEE", "WHAT"}};
  for (const FinalTx& one : page.items) TRY_VOID(add_rows(context, whose, one, rows));
  const bool goes_on = page.next && !page.items.empty();
  std::string notes;
  if (goes_on) {
    notes = "There is more after: --cursor " + rpc::to_json(*page.next).get<std::string>() + "\n";
  } else if (page.first_height > 1) {
    notes = "The node keeps no blocks before height " + std::to_string(page.first_height) + ".\n";
  }
  context.print_list(rpc::to_json(page), rows, notes);
  return {};
}

}  // namespace

void add_history_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<HistoryOptions>();
  auto* command = app.add_subcommand(
      "history", "Final transactions that an account signed, or that pay it, newest first");
  command->add_option("WHO", options->who, "address or account name (else the account in use)");
  command->add_option("--limit", options->limit, "so many at most")
      ->check(CLI::Range(1U, kHistoryMax))
      ->capture_default_str();
  command->add_option("--cursor", options->cursor, "go on where the last page said");
  command->add_flag("--oldest-first", options->oldest_first, "from the oldest that the node keeps");
  command->callback(
      [&chosen, options] { chosen.command = [options](Context& c) { return show(c, *options); }; });
}

}  // namespace fog::cli
