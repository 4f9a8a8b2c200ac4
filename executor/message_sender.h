// MessageSender: how the agent acts on the chain: messages in, a final block out. The operator's
// account pays and signs; who holds it and how stands behind this interface (wallet/tx_sender.h).
#pragma once

#include <vector>

#include "chain/base/error.h"
#include "chain/types/transaction.h"

namespace fog::executor {

class MessageSender {
 public:
  virtual ~MessageSender() = default;
  // One transaction with these messages. Returns when a final block has included it and every
  // message succeeded. kRejected: it will not, or a message failed, and sending the same again
  // cannot help; anything else may be tried again, and may have happened. Blocks; safe from any
  // thread.
  virtual ErrorOr<void> send(const std::vector<RawMessage>& messages) = 0;
};

}  // namespace fog::executor
