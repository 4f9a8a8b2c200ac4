// fogcoin message ...: text signed by an account, and whether it was. Needs no node.
#include "rpc/programs/cli/context.h"
#include "wallet/signed_message.h"

namespace fog::cli {
namespace {

struct MessageWords {
  std::string text;
  std::string file;
  std::string address;
  std::string signature;
};

// The text itself, or all bytes of a file.
ErrorOr<std::string> message_text(const MessageWords& words) {
  if (words.text.empty() == words.file.empty()) {
    return fail(ErrorCode::kInvalidInput, "give the text, or a file with it by --file");
  }
  if (words.file.empty()) return words.text;
  return read_text(words.file, wallet::kSignedTextBytesMax);
}

ErrorOr<void> sign(Context& context, const MessageWords& words) {
  TRY(const std::string text, message_text(words));
  TRY(const auto signer, context.signer());
  TRY(const std::string signature, wallet::sign_message(text, *signer));
  context.print({{"address", to_text(signer->address())}, {"signature", signature}}, signature);
  return {};
}

ErrorOr<void> verify(Context& context, const MessageWords& words) {
  TRY(const Address address, context.address_of_text(words.address));
  TRY(const std::string text, message_text(words));
  TRY_VOID(wallet::verify_message(address, text, words.signature));
  context.print({{"address", to_text(address)}, {"valid", true}},
                "Signed by " + context.who(address) + ".");
  return {};
}

}  // namespace

void add_message_commands(CLI::App& app, Chosen& chosen) {
  auto* message = app.add_subcommand(
      "message", "Text that an account signs, as proof of who says it; never a transaction");
  message->require_subcommand(1);
  auto words = std::make_shared<MessageWords>();
  const auto add = [&](const char* name, const char* help, auto work) {
    auto* command = message->add_subcommand(name, help);
    command->add_option("--file", words->file,
                        "a file with the text, byte for byte; - for "
                        "standard input");
    command->callback([&chosen, words, work] {
      chosen.command = [words, work](Context& c) { return work(c, *words); };
    });
    return command;
  };
  auto* make = add("sign", "Signs text with the account in use and prints the signature", sign);
  make->add_option("TEXT", words->text, "what is signed, to the last blank");
  auto* check =
      add("verify", "Whether an address signed exactly this text; ends with 1 if not", verify);
  check->add_option("ADDRESS", words->address, "who is said to have signed, address or name")
      ->required();
  check->add_option("SIGNATURE", words->signature, "as message sign printed it")->required();
  check->add_option("TEXT", words->text, "the text");
}

}  // namespace fog::cli
