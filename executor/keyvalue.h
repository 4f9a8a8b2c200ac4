// Keyvalue: a component's calls to its key-value store on their way from the worker, which has no
// files, to the front, which keeps it; and the answers on their way back. A run waits for each.
//
// A call is one KeyvalueFrame, its answer one KeptFrame. Bounds are those of the runtime profile,
// which a worker that is still ours keeps to.
#pragma once

#include "executor/worker_frames.h"

namespace fog::executor {

constexpr std::size_t kKeyvalueKeyBytesMax = 256;
constexpr std::size_t kKeyvalueValueBytesMax = 512 * 1024;
constexpr std::size_t kKeyvalueCallBytesMax = 768 * 1024;  // keys and values, there or back
constexpr std::size_t kKeyvalueKeysMax = 128;              // of a call, of a page of a list
constexpr std::uint32_t kKeyvalueCallsMax = 4096;          // of one run
// What a run's calls can take in the worker.
constexpr std::uint64_t kKeyvalueRunBytes = 8ULL << 20;

// fog_wasm.h says what each does, and has the same numbers.
enum class KeyvalueOp : std::uint8_t {
  kGet,
  kSet,
  kDelete,
  kExists,
  kList,
  kIncrement,
  kSwap,
};
constexpr KeyvalueOp bcs_last(KeyvalueOp) {
  return KeyvalueOp::kSwap;
}

// Why nothing was done; fog_wasm.h has the same numbers, and the words that a guest sees.
enum class KeyvalueFault : std::uint8_t {
  kDone,
  kFull,
  kTooLarge,
  kNotNumber,
  kOverflow,
  kChanged,
  kFailed,
};
constexpr KeyvalueFault bcs_last(KeyvalueFault) {
  return KeyvalueFault::kFailed;
}

using KeyvalueBytes = BoundedBytes<kKeyvalueValueBytesMax>;

struct KeyvalueEntry {
  BoundedBytes<kKeyvalueKeyBytesMax> key;
  KeyvalueBytes value;  // empty where the operation takes none
  static constexpr auto kFields = std::make_tuple(&KeyvalueEntry::key, &KeyvalueEntry::value);
  bool operator==(const KeyvalueEntry&) const = default;
};
struct KeyvalueCall {
  KeyvalueOp op = KeyvalueOp::kGet;
  BoundedList<KeyvalueEntry, kKeyvalueKeysMax> entries;
  std::optional<Hash32> expected;  // of a swap
  std::uint64_t delta = 0;         // of an increment, in two's complement
  static constexpr auto kFields = std::make_tuple(&KeyvalueCall::op, &KeyvalueCall::entries,
                                                  &KeyvalueCall::expected, &KeyvalueCall::delta);
  bool operator==(const KeyvalueCall&) const = default;
};
struct KeyvalueReply {
  KeyvalueFault fault = KeyvalueFault::kFailed;
  BoundedList<std::optional<KeyvalueBytes>, kKeyvalueKeysMax> values;
  std::uint64_t number = 0;  // in two's complement
  // How many writes the store had seen after this call: orders the calls of all requests.
  std::uint64_t version = 0;
  static constexpr auto kFields = std::make_tuple(&KeyvalueReply::fault, &KeyvalueReply::values,
                                                  &KeyvalueReply::number, &KeyvalueReply::version);
  bool operator==(const KeyvalueReply&) const = default;
};

// Whether keys and values are within bounds and as many as the operation takes.
bool is_keyvalue_call(const KeyvalueCall& call);

struct KeyvalueFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kKeyvalue;
  std::uint64_t id = 0;
  KeyvalueCall call;
  static constexpr auto kFields = std::make_tuple(&KeyvalueFrame::id, &KeyvalueFrame::call);
  bool operator==(const KeyvalueFrame&) const = default;
};
struct KeptFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kKept;
  std::uint64_t id = 0;
  KeyvalueReply reply;
  static constexpr auto kFields = std::make_tuple(&KeptFrame::id, &KeptFrame::reply);
  bool operator==(const KeptFrame&) const = default;
};

}  // namespace fog::executor
