// describe: what a transaction does, in plain words with amounts in FOG, so that whoever signs has
// read what he signs.
//
// Everything here comes from the transaction's own bytes and needs no node. The bytes may come from
// anybody: text inside them is shown with printable() and cannot move a terminal's cursor.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chain/base/error.h"
#include "chain/types/transaction.h"

namespace fog::wallet {

// How an address is shown: to_text alone, or with the name that its reader gave it.
using AddressWords = std::function<std::string(const Address&)>;

struct Description {
  // One effect a line, in the order of the messages; a line that begins with two spaces tells more
  // of the effect above it.
  std::vector<std::string> lines;
  // What the messages themselves take out of the sender's balance: payments, bonds, deposits,
  // stake. Not in it: the fee, and what the chain burns by its parameters (a name, a gateway).
  // Nothing beyond 64 bits, which no balance covers.
  std::optional<Amount> leaves = Amount{};
};

// kInvalidInput names a message of a kind that this build does not know, or that is not canonical:
// nobody should sign what nobody can read.
ErrorOr<Description> describe(const std::vector<RawMessage>& messages, const AddressWords& who);

// "2026-11-24 17:05:09 UTC"; "-" for 0.
std::string time_text(std::uint64_t time_ms);
// Text from a stranger, on one line: what a terminal would obey or hide (controls, marks that turn
// the direction of writing, broken UTF-8) appears as \xNN.
std::string printable(std::string_view text);

}  // namespace fog::wallet
