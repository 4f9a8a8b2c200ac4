// ViewQuery: how a Publisher sees what runs for him at a Host: its log, its meter, a program beside
// it in its container. POST /.fog/view with a BCS SignedQuery<ViewQuery> and `Upgrade: fog-view`.
//
// Refused with 400, 403 (not his), 404 (not here) or 503 (too many, later) and a sentence;
// otherwise 101, and then the two ends talk in the connection:
//
//   Host -> asker   32 random bytes, drawn for this conversation
//   both            records of a SealedStream, each one frame (frame.h) of those below
//
// Keys: the query's one and the Host's operator key, the 32 bytes as salt. So what carries it (the
// Host's own front, a gateway that holds a tunnel, any router) sees nothing of it, and a query that
// somebody has kept does nothing: without its key no frame follows it, and the first frame is what
// says what is wanted.
//
// Whose it is: log and meter are for whose service it is and who pays; the meter also for the bid's
// gateways and auditors; programs are run for the service's owner alone, whose secrets stand in
// their environment.
#pragma once

#include "executor/frame.h"
#include "executor/replica_id.h"
#include "executor/sealed_stream.h"
#include "executor/signed_query.h"
#include "executor/took_buckets.h"
#include "executor/workload_log.h"

namespace fog::executor {

constexpr std::string_view kViewPath = "/.fog/view";
constexpr std::string_view kViewProtocol = "fog-view";
constexpr std::size_t kViewQueryBytesMax = 512;
// Of text or of a program's input and output in one frame.
constexpr std::size_t kViewPartMax = 32 * 1024;
constexpr std::uint32_t kViewLinesMax = 10'000;

struct ViewQuery {
  static constexpr std::string_view kTag = "fog/view-query";
  ChainId chain;
  ReplicaId replica;
  PublicKey key;  // drawn for this conversation
  std::uint64_t time_ms = 0;
  static constexpr auto kFields =
      std::make_tuple(&ViewQuery::chain, &ViewQuery::replica, &ViewQuery::key, &ViewQuery::time_ms);
  bool operator==(const ViewQuery&) const = default;
};
using SignedViewQuery = SignedQuery<ViewQuery>;
// The conversation that follows; nothing for a key that is none.
std::optional<SealedStream> view_stream(const ViewQuery& query, const Hash32& drawn,
                                        const SecretKey& mine, const PublicKey& theirs,
                                        StreamSide side);

enum class ViewFrame : std::uint8_t {
  // To the Host: one of the first three, once.
  kAskLog = 128,
  kAskMeter = 129,
  kAskProgram = 130,
  kProgramInput = 131,
  kWindow = 132,
  // From the Host.
  kLogPart = 144,
  kMeter = 145,
  kProgramOutput = 146,
  kEnd = 147,
};

// Answered by LogPartFrames and, without `follow`, an EndFrame.
struct AskLogFrame {
  static constexpr ViewFrame kKind = ViewFrame::kAskLog;
  std::uint32_t lines = 0;        // of what is there, the last so many
  std::optional<LogPlace> after;  // instead: what came after that
  bool follow = false;
  static constexpr auto kFields =
      std::make_tuple(&AskLogFrame::lines, &AskLogFrame::after, &AskLogFrame::follow);
  bool operator==(const AskLogFrame&) const = default;
};
struct LogPartFrame {
  static constexpr ViewFrame kKind = ViewFrame::kLogPart;
  BoundedBytes<kViewPartMax> text;  // as the workload wrote it
  LogPlace until;
  static constexpr auto kFields = std::make_tuple(&LogPartFrame::text, &LogPartFrame::until);
  bool operator==(const LogPartFrame&) const = default;
};

// Answered by a MeterFrame and an EndFrame.
struct AskMeterFrame {
  static constexpr ViewFrame kKind = ViewFrame::kAskMeter;
  static constexpr auto kFields = std::make_tuple();
  bool operator==(const AskMeterFrame&) const = default;
};
// What a replica has used. Counters begin with the Host's front, processor time and memory with the
// worker or container that runs now.
struct MeterFrame {
  static constexpr ViewFrame kKind = ViewFrame::kMeter;
  BoundedText<256> phase, why;
  bool container = false;
  std::uint64_t up_ms = 0;     // since that was started; 0: none runs
  std::uint64_t restarts = 0;  // before that
  std::uint64_t served = 0, failed = 0, refused = 0;
  std::uint32_t running = 0, waiting = 0, slots = 0;
  std::uint64_t fuel = 0, request_bytes = 0, response_bytes = 0, outbound_bytes = 0;
  std::uint64_t request_memory_peak_bytes = 0;                        // of the largest run
  std::uint64_t cpu_ms = 0, memory_bytes = 0, memory_peak_bytes = 0;  // 0: not counted there
  TookCounts took;
  static constexpr auto kFields = std::make_tuple(
      &MeterFrame::phase, &MeterFrame::why, &MeterFrame::container, &MeterFrame::up_ms,
      &MeterFrame::restarts, &MeterFrame::served, &MeterFrame::failed, &MeterFrame::refused,
      &MeterFrame::running, &MeterFrame::waiting, &MeterFrame::slots, &MeterFrame::fuel,
      &MeterFrame::request_bytes, &MeterFrame::response_bytes, &MeterFrame::outbound_bytes,
      &MeterFrame::request_memory_peak_bytes, &MeterFrame::cpu_ms, &MeterFrame::memory_bytes,
      &MeterFrame::memory_peak_bytes, &MeterFrame::took);
  bool operator==(const MeterFrame&) const = default;
};

// Size of a terminal's window.
struct Window {
  std::uint16_t rows = 24, columns = 80;
  static constexpr auto kFields = std::make_tuple(&Window::rows, &Window::columns);
  bool operator==(const Window&) const = default;
};
using CommandWords = BoundedList<BoundedText<8'192>, 256>;
// Runs a program in the replica's container. Input follows, output comes, then an EndFrame.
struct AskProgramFrame {
  static constexpr ViewFrame kKind = ViewFrame::kAskProgram;
  CommandWords words;            // at most kCommandBytesMax together
  std::optional<Window> window;  // with a terminal of its own
  static constexpr auto kFields =
      std::make_tuple(&AskProgramFrame::words, &AskProgramFrame::window);
  bool operator==(const AskProgramFrame&) const = default;
};
constexpr std::size_t kCommandBytesMax = 32 * 1024;

struct ProgramInputFrame {
  static constexpr ViewFrame kKind = ViewFrame::kProgramInput;
  BoundedBytes<kViewPartMax> bytes;  // none: there is no more
  static constexpr auto kFields = std::make_tuple(&ProgramInputFrame::bytes);
  bool operator==(const ProgramInputFrame&) const = default;
};
struct WindowFrame {
  static constexpr ViewFrame kKind = ViewFrame::kWindow;
  Window window;
  static constexpr auto kFields = std::make_tuple(&WindowFrame::window);
  bool operator==(const WindowFrame&) const = default;
};
struct ProgramOutputFrame {
  static constexpr ViewFrame kKind = ViewFrame::kProgramOutput;
  bool error = false;  // standard error; else standard output
  BoundedBytes<kViewPartMax> bytes;
  static constexpr auto kFields =
      std::make_tuple(&ProgramOutputFrame::error, &ProgramOutputFrame::bytes);
  bool operator==(const ProgramOutputFrame&) const = default;
};
// The last frame.
struct EndFrame {
  static constexpr ViewFrame kKind = ViewFrame::kEnd;
  std::uint32_t status = 0;  // of a program: as a shell says it, 128 and the signal's number
  BoundedText<512> why;      // it could not be done; empty: that was all
  static constexpr auto kFields = std::make_tuple(&EndFrame::status, &EndFrame::why);
  bool operator==(const EndFrame&) const = default;
};

}  // namespace fog::executor
