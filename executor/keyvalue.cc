#include "executor/keyvalue.h"

#include <algorithm>

namespace fog::executor {

bool is_keyvalue_call(const KeyvalueCall& call) {
  const bool writes = call.op == KeyvalueOp::kSet || call.op == KeyvalueOp::kSwap;
  std::size_t bytes = 0;
  for (const KeyvalueEntry& entry : call.entries) {
    if (entry.key.empty() || (!writes && !entry.value.empty())) return false;
    bytes += entry.key.size() + entry.value.size();
  }
  if (bytes > kKeyvalueCallBytesMax) return false;
  switch (call.op) {
    case KeyvalueOp::kGet:
    case KeyvalueOp::kSet:
    case KeyvalueOp::kDelete:
      return true;
    case KeyvalueOp::kList:
      return call.entries.size() <= 1;
    case KeyvalueOp::kExists:
    case KeyvalueOp::kIncrement:
    case KeyvalueOp::kSwap:
      return call.entries.size() == 1;
  }
  return false;
}

}  // namespace fog::executor
