#include "market/rules/due.h"

namespace fog::market {
namespace {

constexpr std::size_t kKeyBytes = 1 + 8 + 1 + 32 + 8;

StateKey due_key(const Due& due) {
  StateKey key = state_key(Table::kDue);
  append_be64(key, due.time_ms);
  key.push_back(static_cast<std::uint8_t>(due.kind));
  append(key, due.object);
  append_be64(key, due.number);
  return key;
}

Due due_of(const StateKey& key) {
  CHECK(key.size() == kKeyBytes);
  const ByteView bytes(key);
  Due due;
  due.time_ms = read_be64(bytes.subspan(1, 8));
  due.kind = static_cast<DueKind>(bytes[9]);
  due.object = *fixed_from<32>(bytes.subspan(10, 32));
  due.number = read_be64(bytes.subspan(42, 8));
  return due;
}

}  // namespace

void schedule(Overlay& state, const Due& due) {
  state.put(due_key(due), {});
}

void unschedule(Overlay& state, const Due& due) {
  state.erase(due_key(due));
}

std::vector<Due> due_until(const ReadView& state, std::uint64_t time_ms) {
  std::vector<Due> due;
  const StateKey from = state_key(Table::kDue);
  StateKey to = prefix_end(from);
  if (time_ms != std::numeric_limits<std::uint64_t>::max()) {
    to = from;
    append_be64(to, time_ms + 1);
  }
  state.scan(from, to, [&](const StateKey& key, const Bytes&) {
    due.push_back(due_of(key));
    return true;
  });
  return due;
}

std::optional<std::uint64_t> first_due(const ReadView& state) {
  std::optional<std::uint64_t> time_ms;
  const StateKey from = state_key(Table::kDue);
  state.scan(from, prefix_end(from), [&](const StateKey& key, const Bytes&) {
    time_ms = due_of(key).time_ms;
    return false;
  });
  return time_ms;
}

}  // namespace fog::market
