#include "rpc/programs/cli/tx_words.h"

#include <fmt/format.h>

#include "chain/base/check.h"
#include "rpc/json/codec.h"

namespace fog::cli {
namespace {

ErrorOr<wallet::Description> described(Context& context, const TxBody& body) {
  return wallet::describe(body.messages,
                          [&context](const Address& address) { return context.who(address); });
}

std::string leaves_text(const wallet::Description& description) {
  return description.leaves ? format_fog(*description.leaves) : "more than any account holds";
}

}  // namespace

ErrorOr<std::vector<std::string>> tx_lines(Context& context, const wallet::TxFile& file,
                                           std::optional<std::uint64_t> base_price) {
  const TxBody& body = file.body;
  TRY(auto description, described(context, body));
  TRY(const auto quoted, wallet::quote(file));
  std::vector<std::string> lines = std::move(description.lines);
  if (description.leaves != Amount{}) {
    lines.push_back("in all " + leaves_text(description) + " leaves the account, besides the fee");
  }
  lines.push_back(base_price ? "fee " + format_fog(quoted.fee_at(body, *base_price)) +
                                   ", at most " + format_fog(quoted.fee_max)
                             : "fee at most " + format_fog(quoted.fee_max));
  if (!body.memo.empty()) {
    lines.push_back("memo, which everybody can read: \"" + wallet::printable(as_text(body.memo)) +
                    "\"");
  }
  lines.push_back("valid until " + time_text(body.expiry_ms));
  return lines;
}

std::string signers_text(Context& context, const wallet::TxFile& file) {
  std::string out = file.policy ? fmt::format("needs {} of {} signatures", file.policy->threshold,
                                              file.policy->keys.size())
                                : std::string("needs 1 signature");
  out += fmt::format(", has {}", file.signatures.size());
  for (std::size_t i = 0; i < file.signatures.size(); ++i) {
    out += (i == 0 ? ": " : ", ") + context.who(address_of(file.signatures[i].key));
  }
  return out;
}

ErrorOr<Json> tx_json(Context& context, const wallet::TxFile& file) {
  TRY(const auto description, described(context, file.body));
  TRY(const auto quoted, wallet::quote(file));
  Json out{{"id", to_hex0x(tx_id(file.body))},
           {"body", rpc::to_json(file.body)},
           {"effects", description.lines},
           {"leaves", description.leaves ? Json(std::to_string(description.leaves->droplets))
                                         : Json(nullptr)},
           {"units", std::to_string(quoted.units)},
           {"fee_max", std::to_string(quoted.fee_max.droplets)},
           {"needed", file.needed()},
           {"missing", file.missing()},
           {"signatures", Json::array()}};
  for (const wallet::KeySignature& one : file.signatures) {
    out["signatures"].push_back({{"key", to_hex0x(one.key)},
                                 {"address", to_text(address_of(one.key))},
                                 {"signature", to_hex0x(one.signature)}});
  }
  // As it goes to the chain, once it can.
  if (file.missing() == 0) {
    TRY(const auto ready, wallet::finish(file));
    const auto whole = bcs_decode<SignedTx>(ready.encoded);
    CHECK(whole);  // it was encoded a moment ago
    out["auth"] = rpc::to_json(*whole)["auth"];
  }
  return out;
}

}  // namespace fog::cli
