#include "rpc/programs/cli/outbox_entry.h"

#include <iostream>

namespace fog::cli {
namespace {

// Errors after which it may be included yet.
bool is_open(ErrorCode code) {
  return code == ErrorCode::kTimeout || code == ErrorCode::kNetwork ||
         code == ErrorCode::kUnavailable || code == ErrorCode::kProtocol;
}

}  // namespace

OutboxEntry::OutboxEntry(const Context& context)
    : outbox_(wallet::outbox_path(context.options().wallet)) {}

void OutboxEntry::put(const wallet::ReadyTx& tx) {
  if (id_) outbox_.remove(*id_);
  id_ = tx.id;
  const auto decoded = bcs_decode<SignedTx>(tx.encoded);
  CHECK(decoded.has_value());
  const auto file = wallet::tx_file_of(*decoded);
  CHECK(file.has_value());
  if (const auto kept = outbox_.put(*file); !kept) {
    std::cerr << "fogcoin: the transaction is sent, but not remembered here: "
              << kept.error().context << "\n";
  }
}

ErrorOr<wallet::Sent> OutboxEntry::settle(ErrorOr<wallet::Sent> done) {
  if (!id_) return done;
  if (done || !is_open(done.error().code)) {
    outbox_.remove(*id_);
    return done;
  }
  return Fail{Error{done.error().code, done.error().context +
                                           ". Look later with: fogcoin tx pending; pay more for it "
                                           "with: fogcoin tx replace " +
                                           to_hex0x(*id_)}};
}

}  // namespace fog::cli
