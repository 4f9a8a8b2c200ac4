// fogcoin tx pending, replace, cancel: transactions that were sent and are not final.
#include <filesystem>

#include "rpc/programs/cli/outbox_entry.h"
#include "rpc/programs/cli/tx_words.h"

namespace fog::cli {
namespace {

// What is known of one that was sent.
enum class Fate : std::uint8_t { kFinal, kExpired, kWaiting, kUnknown };

ErrorOr<Fate> fate_of(NodeApi& node, const TxBody& body, std::uint64_t time_ms) {
  TRY(const auto status, node.transaction(tx_id(body)));
  switch (status.place) {
    case TxPlace::kFinal:
      return Fate::kFinal;
    case TxPlace::kPending:
      return Fate::kWaiting;
    case TxPlace::kUnknown:
      break;
  }
  // Block times only rise: after its expiry no block takes it.
  return time_ms > body.expiry_ms ? Fate::kExpired : Fate::kUnknown;
}

std::string_view fate_name(Fate fate) {
  switch (fate) {
    case Fate::kFinal:
      return "final";
    case Fate::kExpired:
      return "expired";
    case Fate::kWaiting:
      return "waiting";
    case Fate::kUnknown:
      return "unknown";
  }
  return "";
}

ErrorOr<void> pending(Context& context) {
  wallet::Outbox outbox(wallet::outbox_path(context.options().wallet));
  TRY(const auto status, context.node().status());
  Json json = Json::array();
  Rows rows{{"TRANSACTION", "FATE", "UNTIL", "DOES"}};
  for (const TxId& id : outbox.list()) {
    TRY(const auto file, outbox.get(id));
    // Of another network: not this node's business.
    if (file.body.chain_id != status.chain_id) continue;
    TRY(const Fate fate, fate_of(context.node(), file.body, status.time_ms));
    if (fate == Fate::kFinal || fate == Fate::kExpired) outbox.remove(id);
    TRY(Json one, tx_json(context, file));
    const std::string does = one["effects"].empty() ? "" : one["effects"][0].get<std::string>();
    one["fate"] = fate_name(fate);
    json.push_back(std::move(one));
    rows.push_back(
        {to_hex0x(id), std::string(fate_name(fate)), time_text(file.body.expiry_ms), does});
  }
  context.print_list(json, rows);
  return {};
}

// One of the outbox by its id, or out of a file.
ErrorOr<wallet::TxFile> sent_before(Context& context, const std::string& text) {
  std::error_code ignored;
  if (std::filesystem::exists(text, ignored)) {
    TRY(const std::string contents, read_text(text, wallet::kTxFileBytesMax));
    return wallet::decode_tx_file(contents);
  }
  TRY(const TxId id, parse_id(text, "transaction"));
  auto file = wallet::Outbox(wallet::outbox_path(context.options().wallet)).get(id);
  if (!file && file.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                "this wallet has sent no transaction " + to_hex0x(id) +
                    " that still waits; if it was sent elsewhere, name its file instead");
  }
  return file;
}

ErrorOr<void> take_its_place(Context& context, const std::string& text, bool cancels) {
  TRY(const auto file, sent_before(context, text));
  const TxBody& body = file.body;
  const TxId id = tx_id(body);
  TRY(const auto status, context.node().status());
  if (status.chain_id != body.chain_id) {
    return fail(ErrorCode::kInvalidInput, "it was sent on another network, " +
                                              to_hex0x(body.chain_id) + "; name a node of it");
  }
  TRY(const Fate fate, fate_of(context.node(), body, status.time_ms));
  wallet::Outbox outbox(wallet::outbox_path(context.options().wallet));
  if (fate == Fate::kFinal || fate == Fate::kExpired) {
    outbox.remove(id);
    return fail(ErrorCode::kRejected,
                "transaction " + to_hex0x(id) +
                    (fate == Fate::kFinal ? " is final: it cannot be undone. See: fogcoin tx show "
                                          : " has expired and never will be included: ") +
                    (fate == Fate::kFinal ? to_hex0x(id) : std::string("send it anew")));
  }
  context.act_for(body.sender);
  std::vector<RawMessage> messages(body.messages.begin(), body.messages.end());
  std::vector<std::string> notes{"transaction " + to_hex0x(id) + " then never can be included"};
  if (cancels) {
    // The least that a transaction can do.
    TRY(auto nothing, wallet::make_transfer({{body.sender, Amount{1}}}));
    messages = {std::move(nothing)};
    notes.insert(notes.begin(), "that is to yourself: it only takes the other's place");
  }
  Json json{{cancels ? "cancels" : "replaces", to_hex0x(id)}};
  auto sent = context.send(messages, notes, json, &body);
  if (!sent) {
    // It may have become final while the other was on its way.
    const auto now =
        context.is_written() ? ErrorOr<TxStatus>(TxStatus{}) : context.node().transaction(id);
    if (now && now->place == TxPlace::kFinal) {
      outbox.remove(id);
      return fail(ErrorCode::kRejected, "transaction " + to_hex0x(id) +
                                            " became final first, at height " +
                                            std::to_string(now->height));
    }
    return Fail{sent.error()};
  }
  outbox.remove(id);
  context.print(json, std::string(cancels ? "Cancelled" : "Replaced") + ": final at height " +
                          std::to_string(sent->height) + ", fee " + format_fog(sent->fee()) +
                          ".\nTransaction " + to_hex0x(sent->id));
  return {};
}

}  // namespace

void add_tx_pending_commands(CLI::App& tx, Chosen& chosen) {
  tx.add_subcommand("pending", "What this wallet has sent and did not see become final")
      ->callback([&chosen] { chosen.command = pending; });

  auto what = std::make_shared<std::string>();
  const auto add = [&](const char* name, const char* help, bool cancels) {
    auto* command = tx.add_subcommand(name, help);
    command->add_option("ID|FILE", *what, "the transaction that waits, or its file")->required();
    command->callback([&chosen, what, cancels] {
      chosen.command = [what, cancels](Context& c) { return take_its_place(c, *what, cancels); };
    });
  };
  add("replace", "Sends the same again for a higher fee, in place of one that waits", false);
  add("cancel", "Takes the place of one that waits with one that does nothing", true);
}

}  // namespace fog::cli
