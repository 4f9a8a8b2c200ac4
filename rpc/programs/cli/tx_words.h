// What a transaction does, line by line, for whoever confirms, signs or reads it.
#pragma once

#include "rpc/programs/cli/context.h"
#include "wallet/tx_file.h"

namespace fog::cli {

// All effects, what leaves the account, the fee at `base_price` (where it is known) and at most,
// memo, expiry and place. kInvalidInput if it cannot be read (wallet/describe.h).
ErrorOr<std::vector<std::string>> tx_lines(Context& context, const wallet::TxFile& file,
                                           std::optional<std::uint64_t> base_price);
// "needs 2 of 3 signatures, has 1: main (fog1...)".
std::string signers_text(Context& context, const wallet::TxFile& file);
// Body, effects, what it costs at most, and who has signed; the schema of `tx decode --json`.
ErrorOr<Json> tx_json(Context& context, const wallet::TxFile& file);

}  // namespace fog::cli
