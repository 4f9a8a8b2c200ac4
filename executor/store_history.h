// StoreHistory: whether the answers of one replica's key-value store, as the records of many
// requests have them, fit each other: a read gives what was written last. One record alone cannot
// show that.
//
// Every answer says how many writes the store had seen, so calls have an order whatever gateway
// they came by. Where a write is not among the records (a sample was taken, a record is missing,
// or too large to be kept) nothing is known of the values before it, until they are seen again.
#pragma once

#include <string>
#include <vector>

#include "executor/keyvalue.h"

namespace fog::executor {

class StoreHistory {
 public:
  struct Verdict {
    std::uint64_t calls = 0;
    std::uint64_t hold = 0;             // values read that are what was written last
    std::uint64_t unknown = 0;          // values read of which that is not known
    std::uint64_t wrong = 0;            // read as something else, or written twice in one place
    std::vector<std::string> findings;  // sentences about the first few that are wrong
  };

  // A call that a replay has shown to be made, in any order. `where`: of which request it is.
  void add(const KeyvalueCall& call, const KeyvalueReply& reply, const std::string& where);
  bool empty() const { return steps_.empty(); }
  Verdict check() const;

 private:
  // Of a key: what is there before, as far as the call tells, or what it left there.
  struct Value {
    Bytes key;
    bool present = false;
    std::optional<Hash32> hash;  // nothing: the call does not tell
  };
  struct Step {
    std::uint64_t version = 0;
    bool writes = false;
    std::vector<Value> reads;
    std::vector<Value> writes_to;
    std::string where;
  };
  class Walk;

  std::vector<Step> steps_;
};

}  // namespace fog::executor
