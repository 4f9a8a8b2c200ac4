// fogcoin contact ...: the address book. Its names stand for addresses wherever one is asked for.
#include "chain/base/file.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

struct ContactWords {
  std::string name;
  std::string address;
  std::string label;
};

ErrorOr<void> add(Context& context, const ContactWords& words) {
  const auto address = address_from_text(words.address);
  if (!address) {
    return fail(ErrorCode::kInvalidInput,
                "'" + words.address + "' is not an address (fog1..., with a valid checksum)");
  }
  if (const auto own = wallet::Keystore::list(context.options().wallet)) {
    for (const auto& one : *own) {
      if (one.name != words.name && one.address != *address) continue;
      return fail(ErrorCode::kAlreadyExists, "the wallet has the account '" + one.name + "' (" +
                                                 to_text(one.address) + ") itself");
    }
  }
  TRY(auto book, context.book());
  TRY_VOID(book.add({words.name, *address, wallet::BookKind::kContact, {}, {}}));
  if (!words.label.empty()) TRY_VOID(book.set_label(*address, words.label));
  TRY_VOID(make_folder_of(context.options().wallet));
  TRY_VOID(book.save());
  context.print({{"name", words.name}, {"address", to_text(*address)}, {"label", words.label}},
                "'" + words.name + "' is " + to_text(*address) + ".");
  return {};
}

ErrorOr<void> list(Context& context, const ContactWords&) {
  TRY(const auto book, context.book());
  Json json = Json::array();
  Rows rows{{"NAME", "ADDRESS", "LABEL"}};
  for (const wallet::BookEntry& one : book.entries()) {
    if (one.kind != wallet::BookKind::kContact) continue;
    const std::string label = book.label(one.address);
    json.push_back({{"name", one.name}, {"address", to_text(one.address)}, {"label", label}});
    rows.push_back({one.name, to_text(one.address), label});
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> remove(Context& context, const ContactWords& words) {
  TRY(auto book, context.book());
  TRY(const auto entry, book.remove(words.name));
  if (entry.kind != wallet::BookKind::kContact) {
    return fail(ErrorCode::kInvalidInput,
                "'" + words.name + "' is an account: fogcoin wallet forget " + words.name);
  }
  TRY_VOID(book.set_label(entry.address, ""));
  TRY_VOID(book.save());
  context.print({{"name", entry.name}, {"address", to_text(entry.address)}},
                "Removed '" + entry.name + "' (" + to_text(entry.address) + ").");
  return {};
}

}  // namespace

void add_contact_commands(CLI::App& app, Chosen& chosen) {
  auto* contact =
      app.add_subcommand("contact", "Names for other people's addresses; needs no passphrase");
  contact->require_subcommand(1);
  auto words = std::make_shared<ContactWords>();
  const auto command = [&](const char* name, const char* help, auto work) {
    auto* out = contact->add_subcommand(name, help);
    out->callback([&chosen, words, work] {
      chosen.command = [words, work](Context& c) { return work(c, *words); };
    });
    return out;
  };
  auto* adding = command("add", "Gives an address a name, to be used wherever one is asked", add);
  adding->add_option("NAME", words->name, "letters, digits, '.', '_', '-'")->required();
  adding->add_option("ADDRESS", words->address, "fog1...")->required();
  adding->add_option("--label", words->label, "a note for yourself, one line");
  command("list", "All names, and what they stand for", list);
  command("remove", "Takes a name away", remove)
      ->add_option("NAME", words->name, "the name")
      ->required();
}

}  // namespace fog::cli
