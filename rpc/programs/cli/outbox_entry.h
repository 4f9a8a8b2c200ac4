// A transaction on its way, as the wallet's outbox knows it (wallet/outbox.h).
#pragma once

#include "rpc/programs/cli/context.h"
#include "wallet/outbox.h"

namespace fog::cli {

class OutboxEntry {
 public:
  explicit OutboxEntry(const Context& context);

  // Before the node is given it. What was put before was refused, and goes. That the disk refuses
  // is said and is no reason not to send.
  void put(const wallet::ReadyTx& tx);
  // What became of it: it stays only while nobody knows, and then the error says where to look.
  ErrorOr<wallet::Sent> settle(ErrorOr<wallet::Sent> done);

 private:
  wallet::Outbox outbox_;
  std::optional<TxId> id_;
};

}  // namespace fog::cli
