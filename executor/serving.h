// Serving: how a request becomes a run, and a run an answer and an entry of the account. What a
// Host does when it serves and an auditor when he replays is the same, so it stands here once.
//
// Functions without state, from any thread.
#pragma once

#include "executor/cgi.h"
#include "executor/transcript.h"
#include "executor/worker_link.h"

namespace fog::executor {

// What the worker is told of a request. `head` is canonical.
RunFrame run_frame(const LeafTerms& terms, const market::RequestHead& head, std::uint64_t index);

// What a worker must know of the workload before it runs, uncompiled; `slots` requests at once.
BindFrame bind_frame(const market::Manifest& manifest, std::uint32_t slots);
// What the worker may take beyond its guests' memory.
std::uint64_t worker_overhead_bytes(const market::Manifest& manifest, std::uint32_t slots);

// What is said to the End User: the workload's answer, or a sentence about why there is none.
struct Answer {
  market::ResponseHead head;  // canonical
  Spool body;
  std::uint64_t body_from = 0;
  std::uint64_t body_bytes() const { return body.size() - body_from; }
};
// Whether an answer goes out while its run goes on, so that it stands even where the run fails
// later: one that says so (content-type text/event-stream, or x-accel-buffering: no, as nginx has
// it) and one that switches protocols. All others are held back, so that a run that fails is a 502
// and not half an answer. Depends on nothing but the answer: a replay comes to the same.
bool is_streamed(const market::ResponseHead& head);
// By what there is of an answer now: its head and where its body begins in the exchange's output;
// nothing while it is none that is streamed.
std::optional<CgiHead> streamed_head(const market::Manifest& manifest, std::string_view method,
                                     const Exchange& exchange);
// Whether more output cannot change what streamed_head() says.
bool has_whole_head(const market::Manifest& manifest, const Exchange& exchange);

// Of a run that has ended; takes the exchange's output. `done` tells afterwards what went wrong
// with the head.
Answer make_answer(const market::Manifest& manifest, std::string_view method, Exchange& exchange,
                   DoneFrame& done, const std::string& spool_folder);

struct Accounted {
  market::LogEntry entry;
  RunRecord run;
};
// The errors are those of reading the bodies back.
ErrorOr<Accounted> account_for(const LeafTerms& terms, const market::RequestHead& head,
                               std::uint64_t index, const Exchange& exchange, const DoneFrame& done,
                               const Answer& answer);

// BCS of the LeafRecord of a request that was served. The errors are those of reading the bodies
// back.
ErrorOr<Bytes> encode_leaf(const LeafTerms& terms, const Accounted& accounted,
                           const market::RequestHead& head, const Exchange& exchange,
                           const Answer& answer);

}  // namespace fog::executor
