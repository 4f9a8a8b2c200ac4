// fogcoin doctor: whether everything that a wallet needs is well, and what to do where it is not.
#include <fmt/format.h>
#include <sys/stat.h>

#include "rpc/programs/cli/context.h"
#include "rpc/programs/cli/settings.h"
#include "wallet/outbox.h"

namespace fog::cli {
namespace {

// A node whose last block is older than this, though transactions wait, does not move.
constexpr std::uint64_t kStandsStillMs = 60'000;
constexpr std::uint64_t kSkewMs = 5'000;

enum class Verdict : std::uint8_t { kGood, kNote, kBad };
std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "ok";
    case Verdict::kNote:
      return "note";
    case Verdict::kBad:
      return "wrong";
  }
  return "";
}

class Examination {
 public:
  void say(std::string_view what, Verdict verdict, const std::string& text) {
    rows_.push_back({std::string(what), std::string(verdict_name(verdict)), text});
    json_.push_back({{"what", what}, {"verdict", verdict_name(verdict)}, {"says", text}});
    wrong_ += verdict == Verdict::kBad ? 1 : 0;
  }
  std::size_t wrong() const { return wrong_; }
  const Json& json() const { return json_; }
  const Rows& rows() const { return rows_; }

 private:
  Json json_ = Json::array();
  Rows rows_{{"WHAT", "IS", "BECAUSE"}};
  std::size_t wrong_ = 0;
};

void look_at_wallet(Context& context, Examination& out) {
  const std::string& path = context.options().wallet;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    out.say("wallet", Verdict::kNote,
            "there is none at " + path + "; make one: fogcoin wallet create");
  } else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    out.say("wallet", Verdict::kBad, "others can read " + path + "; run: chmod 600 " + path);
  } else if (const auto own = context.own_accounts(); !own) {
    out.say("wallet", Verdict::kBad, own.error().context);
  } else {
    out.say("wallet", Verdict::kGood, fmt::format("{}, {} accounts", path, own->size()));
  }
  const auto book = context.book();
  if (!book) {
    out.say("address book", Verdict::kBad, book.error().context);
  } else {
    out.say("address book", Verdict::kGood, fmt::format("{} names", book->entries().size()));
  }
  const auto sent = wallet::Outbox(wallet::outbox_path(path)).list();
  out.say("outbox", sent.empty() ? Verdict::kGood : Verdict::kNote,
          sent.empty() ? "nothing is on its way"
                       : fmt::format("{} transactions are not known to be final; look with: "
                                     "fogcoin tx pending",
                                     sent.size()));
}

void look_at_chain(Context& context, const ChainStatus& status, Examination& out) {
  const std::string& pinned = context.options().sending.chain;
  if (!pinned.empty()) {
    const auto wanted = parse_id(pinned, "chain");
    const bool same = wanted && *wanted == status.chain_id;
    out.say("chain", same ? Verdict::kGood : Verdict::kBad,
            same ? status.chain_name + ", as --chain says"
                 : "the node is of " + to_hex0x(status.chain_id) + " (" + status.chain_name +
                       "), not of the chain that --chain names");
  } else {
    out.say("chain", Verdict::kGood, status.chain_name + " (" + to_hex0x(status.chain_id) + ")");
  }
  const std::uint64_t now = system_clock().wall_ms();
  if (status.time_ms > now + kSkewMs) {
    out.say("clock", Verdict::kBad,
            fmt::format("this computer is {} s behind the chain; set its clock, or what you send "
                        "expires early",
                        (status.time_ms - now) / 1'000));
  } else {
    out.say("clock", Verdict::kGood, "not behind the chain's");
  }
  const bool still = status.mempool_txs > 0 && status.time_ms + kStandsStillMs < now;
  out.say("blocks", still ? Verdict::kBad : Verdict::kGood,
          fmt::format("height {} of {}, {} transactions wait{}", status.height,
                      time_text(status.time_ms), status.mempool_txs,
                      still ? "; no block takes them: ask the node's operator" : ""));
}

void look_at_money(Context& context, Examination& out) {
  const auto all = context.accounts();
  if (!all) return;
  for (const UsedAccount& one : *all) {
    const auto account = read_record<Account>(context.node(), account_key(one.address));
    if (!account) return;
    out.say("account " + one.name, *account ? Verdict::kGood : Verdict::kNote,
            *account ? format_fog((*account)->balance)
                     : "nothing was ever paid to " + to_text(one.address));
  }
}

ErrorOr<void> examine(Context& context, const Settings& settings) {
  Examination out;
  out.say("settings", Verdict::kGood,
          settings.path().empty()
              ? "no file; flags, environment and defaults only"
              : settings.path() +
                    (settings.profile().empty() ? "" : ", profile " + settings.profile()));
  look_at_wallet(context, out);
  const auto status = context.node().status();
  if (!status) {
    out.say("node", Verdict::kBad, status.error().context);
  } else {
    out.say("node", Verdict::kGood, context.options().node + ", version " + status->version);
    look_at_chain(context, *status, out);
    look_at_money(context, out);
  }
  context.print_list(out.json(), out.rows());
  // The list has said it.
  if (out.wrong() > 0) return fail(ErrorCode::kRejected, "");
  return {};
}

}  // namespace

void add_doctor_command(CLI::App& app, Chosen& chosen, const Settings& settings) {
  app.add_subcommand("doctor",
                     "Whether wallet, settings, node, chain and clock are well; ends with "
                     "1 if not")
      ->callback([&chosen, &settings] {
        chosen.command = [&settings](Context& c) { return examine(c, settings); };
      });
}

}  // namespace fog::cli
