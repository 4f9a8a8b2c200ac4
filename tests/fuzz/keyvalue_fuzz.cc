// Calls to a key-value store come from a worker that may be a stranger's by then: whatever is asked
// within bounds is answered as a plain map would, and the store never holds more than it may.
#include <cstdlib>
#include <filesystem>
#include <map>

#include "chain/base/check.h"
#include "executor/keyvalue_store.h"

namespace {

using namespace fog;
using namespace fog::executor;

constexpr std::uint64_t kBytesMax = 4'096;

struct Calls {
  BoundedList<KeyvalueCall, 64> calls;
  static constexpr auto kFields = std::make_tuple(&Calls::calls);
};

using Map = std::map<Bytes, Bytes>;

std::uint64_t bytes_of(const Map& map) {
  std::uint64_t out = 0;
  for (const auto& [key, value] : map) out += key.size() + value.size() + kKeyvalueEntryBytes;
  return out;
}

// What a plain map answers to what only looks or sets.
void check(const KeyvalueCall& call, const KeyvalueReply& reply, Map& map) {
  Map next = map;
  switch (call.op) {
    case KeyvalueOp::kGet:
      if (reply.fault != KeyvalueFault::kDone) return;
      CHECK(reply.values.size() == call.entries.size());
      for (std::size_t i = 0; i < reply.values.size(); ++i) {
        const auto it = map.find(call.entries[i].key);
        CHECK(reply.values[i].has_value() == (it != map.end()));
        CHECK(it == map.end() || static_cast<const Bytes&>(*reply.values[i]) == it->second);
      }
      return;
    case KeyvalueOp::kExists:
      CHECK(reply.number == map.count(call.entries.front().key));
      return;
    case KeyvalueOp::kList: {
      auto it = call.entries.empty() ? map.begin() : map.upper_bound(call.entries.front().key);
      for (const auto& key : reply.values)
        CHECK(it != map.end() && static_cast<const Bytes&>(*key) == (it++)->first);
      CHECK((reply.number == 1) == (it != map.end()));
      return;
    }
    case KeyvalueOp::kDelete:
      for (const KeyvalueEntry& entry : call.entries) next.erase(entry.key);
      break;
    case KeyvalueOp::kSet:
    case KeyvalueOp::kSwap:
      for (const KeyvalueEntry& entry : call.entries) next[entry.key] = entry.value;
      break;
    case KeyvalueOp::kIncrement: {
      const std::string text = std::to_string(static_cast<std::int64_t>(reply.number));
      next[call.entries.front().key] = to_bytes(as_bytes(text));
      break;
    }
  }
  if (reply.fault == KeyvalueFault::kDone) {
    CHECK(bytes_of(next) <= kBytesMax);
    map = std::move(next);
  } else if (reply.fault == KeyvalueFault::kFull) {
    CHECK(bytes_of(next) > kBytesMax);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto asked = bcs_decode<Calls>(ByteView(data, size));
  if (!asked) return 0;
  std::string folder = "/tmp/fog_fuzz.XXXXXX";
  CHECK(::mkdtemp(folder.data()) != nullptr);
  Map map;
  {
    KeyvalueStore store(folder, kBytesMax);
    for (const KeyvalueCall& call : asked->calls) {
      if (!is_keyvalue_call(call)) continue;
      const KeyvalueReply reply = store.apply(call);
      CHECK(reply.fault != KeyvalueFault::kFailed);
      check(call, reply, map);
      CHECK(store.bytes() == bytes_of(map));
    }
  }
  // Opened again it holds the same.
  KeyvalueStore again(folder, kBytesMax);
  for (const auto& [key, value] : map) {
    KeyvalueCall call;
    call.entries.push_back({key, {}});
    const KeyvalueReply reply = again.apply(call);
    CHECK(reply.values.size() == 1 && static_cast<const Bytes&>(*reply.values[0]) == value);
  }
  again.close();
  std::filesystem::remove_all(folder);
  return 0;
}
