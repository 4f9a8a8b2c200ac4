#include "executor/store_history.h"

#include <algorithm>
#include <map>

#include "chain/crypto/hash.h"

namespace fog::executor {
namespace {

constexpr std::size_t kFindingsMax = 10;

}  // namespace

void StoreHistory::add(const KeyvalueCall& call, const KeyvalueReply& reply,
                       const std::string& where) {
  Step step{reply.version, false, {}, {}, where};
  const bool done = reply.fault == KeyvalueFault::kDone;
  const auto wrote = [&](const KeyvalueEntry& entry, ByteView value) {
    step.writes_to.push_back({entry.key, true, sha256(value)});
  };
  switch (call.op) {
    case KeyvalueOp::kGet:
      for (std::size_t i = 0; done && i < call.entries.size() && i < reply.values.size(); ++i) {
        const auto& value = reply.values[i];
        step.reads.push_back({call.entries[i].key, value.has_value(),
                              value ? std::optional<Hash32>(sha256(*value)) : std::nullopt});
      }
      break;
    case KeyvalueOp::kExists:
      if (done) step.reads.push_back({call.entries.front().key, reply.number == 1, std::nullopt});
      break;
    case KeyvalueOp::kSet:
      for (const KeyvalueEntry& entry : call.entries) wrote(entry, entry.value);
      step.writes = done;
      break;
    case KeyvalueOp::kDelete:
      for (const KeyvalueEntry& entry : call.entries)
        step.writes_to.push_back({entry.key, false, std::nullopt});
      step.writes = done;
      break;
    case KeyvalueOp::kIncrement: {
      const std::string text = std::to_string(static_cast<std::int64_t>(reply.number));
      wrote(call.entries.front(), as_bytes(text));
      step.writes = done;
      break;
    }
    case KeyvalueOp::kSwap: {
      const KeyvalueEntry& entry = call.entries.front();
      if (done) step.reads.push_back({entry.key, call.expected.has_value(), call.expected});
      wrote(entry, entry.value);
      step.writes = done;
      break;
    }
    case KeyvalueOp::kList:
      break;
  }
  steps_.push_back(std::move(step));
}

// Through the calls in their order, with what is known of the values.
class StoreHistory::Walk {
 public:
  void take(const Step& step) {
    ++verdict_.calls;
    const std::uint64_t before = step.writes ? step.version - 1 : step.version;
    if (step.writes && step.version == 0) return wrong(step, "wrote, and counts no write");
    if (step.writes && step.version == version_) {
      return wrong(step, "wrote as write " + std::to_string(version_) +
                             ", as another did: the store has gone back, as by a power failure");
    }
    if (before != version_) forget();
    for (const Value& value : step.reads) compare(step, value);
    version_ = step.version;
    if (!step.writes) return;
    for (const Value& value : step.writes_to) values_[value.key] = value;
  }
  Verdict verdict() && { return std::move(verdict_); }

 private:
  void forget() {
    values_.clear();
    knows_all_ = false;
  }
  void compare(const Step& step, const Value& read) {
    const auto it = values_.find(read.key);
    if (it == values_.end() && !knows_all_) {
      ++verdict_.unknown;
      if (read.hash || !read.present) values_[read.key] = read;
      return;
    }
    const bool present = it != values_.end() && it->second.present;
    const bool fits = present == read.present && (!read.hash || it->second.hash == read.hash);
    if (fits) {
      ++verdict_.hold;
    } else {
      wrong(step, "read a value that is not what was written last");
    }
  }
  void wrong(const Step& step, const std::string& what) {
    ++verdict_.wrong;
    if (verdict_.findings.size() < kFindingsMax) {
      verdict_.findings.push_back(step.where + ": " + what);
    }
  }

  Verdict verdict_;
  std::uint64_t version_ = 0;
  bool knows_all_ = true;  // a store begins empty
  std::map<Bytes, Value> values_;
};

StoreHistory::Verdict StoreHistory::check() const {
  std::vector<const Step*> order;
  for (const Step& step : steps_) order.push_back(&step);
  // A read with so many writes comes after the last of them.
  std::stable_sort(order.begin(), order.end(), [](const Step* a, const Step* b) {
    return a->version != b->version ? a->version < b->version : a->writes > b->writes;
  });
  Walk walk;
  for (const Step* step : order) walk.take(*step);
  return std::move(walk).verdict();
}

}  // namespace fog::executor
