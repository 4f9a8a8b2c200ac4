// What goes over a worker's socket. The agent binds the worker (one BindFrame, answered by a
// ReadyFrame or FailedFrame), then hands the socket to the front, which runs requests: one
// RunFrame, the body in InputFrames; the worker answers with a HeadFrame (for a component that
// answers), OutputFrames and one DoneFrame.
// Several requests are under way at once, told apart by their id.
//
// Back-pressure: a body may be ahead of what CreditFrames have granted by kInputWindowBytes; output
// is bounded by the limits of the bind, and the front takes all of it.
#pragma once

#include "executor/frame.h"
#include "executor/meter.h"
#include "market/types/host_link.h"
#include "market/types/objects.h"

namespace fog::executor {

constexpr std::size_t kChunkBytesMax = 64 * 1024;
constexpr std::uint64_t kInputWindowBytes = 256 * 1024;

enum class WorkerFrame : std::uint8_t {
  // To the worker.
  kBind = 1,
  kRun = 2,
  kInput = 3,
  kCancel = 4,
  kReply = 5,  // outbound.h has this one and those named after it
  kReplyBody = 6,
  kKept = 7,  // keyvalue.h
  // From the worker.
  kReady = 16,
  kFailed = 17,
  kCredit = 18,
  kOutput = 19,
  kDone = 20,
  kHead = 21,
  kOutbound = 22,
  kOutboundBody = 23,
  kAudit = 24,
  kKeyvalue = 25,
};

// Comes with descriptors: the artifact and an empty memory file for its compiled code, or the
// compiled code alone.
struct BindFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kBind;
  market::RuntimeKind runtime = market::RuntimeKind::kWasmCommand;
  bool compiled = false;
  bool outbound = false;    // it may ask other servers
  bool keyvalue = false;    // it has a key-value store
  std::uint32_t slots = 1;  // requests at once, 1..64
  std::uint64_t fuel_max = 0;
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t wall_ms_max = 0;
  std::uint64_t output_bytes_max = 0;
  std::uint64_t log_bytes_max = 0;
  std::uint64_t compile_data_bytes_max = 0;  // RLIMIT_DATA while compiling
  std::uint64_t data_bytes_max = 0;          // and then
  static constexpr auto kFields = std::make_tuple(
      &BindFrame::runtime, &BindFrame::compiled, &BindFrame::outbound, &BindFrame::keyvalue,
      &BindFrame::slots, &BindFrame::fuel_max, &BindFrame::memory_bytes_max,
      &BindFrame::wall_ms_max, &BindFrame::output_bytes_max, &BindFrame::log_bytes_max,
      &BindFrame::compile_data_bytes_max, &BindFrame::data_bytes_max);
  bool operator==(const BindFrame&) const = default;
};

struct EnvironmentEntry {
  BoundedBytes<512> name;  // of a header field too, with more before it
  BoundedBytes<128 * 1024> value;
  static constexpr auto kFields =
      std::make_tuple(&EnvironmentEntry::name, &EnvironmentEntry::value);
  bool operator==(const EnvironmentEntry&) const = default;
};
// A header field. As bytes: a stranger's need not be UTF-8, and must not break the frame.
struct FieldEntry {
  BoundedBytes<256> name;
  BoundedBytes<16384> value;
  static constexpr auto kFields = std::make_tuple(&FieldEntry::name, &FieldEntry::value);
  bool operator==(const FieldEntry&) const = default;
};
using FieldEntries = BoundedList<FieldEntry, 128>;
// A component's request; see market::RequestHead.
struct RequestParts {
  BoundedBytes<32> method;
  BoundedBytes<16384> target;
  FieldEntries fields;
  static constexpr auto kFields =
      std::make_tuple(&RequestParts::method, &RequestParts::target, &RequestParts::fields);
  bool operator==(const RequestParts&) const = default;
};
// What a run is asked to say of its host calls.
enum class AuditKind : std::uint8_t {
  kNone,
  kFuel,    // an AuditFrame without a digest
  kDigest,  // and with it: slow
};
constexpr AuditKind bcs_last(AuditKind) {
  return AuditKind::kDigest;
}
struct RunFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kRun;
  std::uint64_t id = 0;
  BoundedList<BoundedBytes<4096>, 64> args;  // with the program's name
  BoundedList<EnvironmentEntry, 256> env;
  std::uint64_t clock_ms = 0;
  Hash32 seed;
  std::optional<RequestParts> http;  // for a component, and only for one
  AuditKind audit = AuditKind::kNone;
  std::uint64_t fuel_max = 0;  // 0: the bind's; never more than that
  static constexpr auto kFields =
      std::make_tuple(&RunFrame::id, &RunFrame::args, &RunFrame::env, &RunFrame::clock_ms,
                      &RunFrame::seed, &RunFrame::http, &RunFrame::audit, &RunFrame::fuel_max);
  bool operator==(const RunFrame&) const = default;
};
struct InputFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kInput;
  std::uint64_t id = 0;
  bool last = false;
  BoundedBytes<kChunkBytesMax> bytes;
  static constexpr auto kFields =
      std::make_tuple(&InputFrame::id, &InputFrame::last, &InputFrame::bytes);
  bool operator==(const InputFrame&) const = default;
};
// Nobody waits for the answer any more. A DoneFrame follows all the same.
struct CancelFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kCancel;
  std::uint64_t id = 0;
  static constexpr auto kFields = std::make_tuple(&CancelFrame::id);
  bool operator==(const CancelFrame&) const = default;
};

struct ReadyFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kReady;
  std::uint64_t compile_ms = 0;
  std::uint64_t code_bytes = 0;  // written into the memory file; 0 when it came compiled
  Hash32 runtime;                // the worker's runtime profile; zero for a container
  static constexpr auto kFields =
      std::make_tuple(&ReadyFrame::compile_ms, &ReadyFrame::code_bytes, &ReadyFrame::runtime);
  bool operator==(const ReadyFrame&) const = default;
};
struct FailedFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kFailed;
  bool artifact_at_fault = false;  // trying again cannot help
  BoundedText<1024> why;
  static constexpr auto kFields =
      std::make_tuple(&FailedFrame::artifact_at_fault, &FailedFrame::why);
  bool operator==(const FailedFrame&) const = default;
};
struct CreditFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kCredit;
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;
  static constexpr auto kFields = std::make_tuple(&CreditFrame::id, &CreditFrame::bytes);
  bool operator==(const CreditFrame&) const = default;
};
struct HeadFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kHead;
  std::uint64_t id = 0;
  std::uint16_t status = 0;
  FieldEntries fields;  // as the component wrote them
  static constexpr auto kFields =
      std::make_tuple(&HeadFrame::id, &HeadFrame::status, &HeadFrame::fields);
  bool operator==(const HeadFrame&) const = default;
};
struct OutputFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kOutput;
  std::uint64_t id = 0;
  BoundedBytes<kChunkBytesMax> bytes;
  static constexpr auto kFields = std::make_tuple(&OutputFrame::id, &OutputFrame::bytes);
  bool operator==(const OutputFrame&) const = default;
};
// Before DoneFrame, where it was wanted.
struct AuditFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kAudit;
  std::uint64_t id = 0;
  std::uint64_t calls = 0;  // host calls of the run
  Hash32 digest;            // of all of them: CallDigest
  std::uint64_t fuel = 0;   // used at the end of the last that let the run go on
  bool in_call = false;     // the run ended in one
  static constexpr auto kFields =
      std::make_tuple(&AuditFrame::id, &AuditFrame::calls, &AuditFrame::digest, &AuditFrame::fuel,
                      &AuditFrame::in_call);
  bool operator==(const AuditFrame&) const = default;
};
struct DoneFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kDone;
  std::uint64_t id = 0;
  RunOutcome outcome = RunOutcome::kOk;
  bool cancelled = false;
  RunMeter meter;
  BoundedText<1024> detail;
  static constexpr auto kFields =
      std::make_tuple(&DoneFrame::id, &DoneFrame::outcome, &DoneFrame::cancelled, &DoneFrame::meter,
                      &DoneFrame::detail);
  bool operator==(const DoneFrame&) const = default;
};

// The fields of a RequestHead or ResponseHead on their way, and back.
template <class Head>
FieldEntries entries_of(const Head& head) {
  FieldEntries out;
  for (const market::HttpField& field : head.fields) {
    out.push_back({to_bytes(as_bytes(field.name)), to_bytes(as_bytes(field.value))});
  }
  return out;
}
template <class Head>
void put_entries(const FieldEntries& entries, Head& head) {
  for (const FieldEntry& entry : entries) {
    market::HttpField& field = head.fields.emplace_back();
    field.name.assign(as_text(entry.name));
    field.value.assign(as_text(entry.value));
  }
}

// A text for a BoundedText field: cut to the bound at a character's edge; bytes that are not UTF-8
// become '?'.
template <std::size_t Max>
BoundedText<Max> clean_text(std::string_view text) {
  BoundedText<Max> out;
  out.assign(text.substr(0, Max));
  while (!out.empty() && !is_utf8(out) && text.size() > Max && out.size() > Max - 4) out.pop_back();
  if (!is_utf8(out)) {
    for (char& c : out) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return out;
}

}  // namespace fog::executor
