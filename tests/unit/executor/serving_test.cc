// A request's run and its answer are made alike by Hosts and auditors, whatever a stranger sends.
#include "executor/serving.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

using fog::testing::TempFolder;

LeafTerms terms_of(market::RuntimeKind runtime) {
  LeafTerms out;
  out.manifest.runtime = runtime;
  out.manifest.artifact_bytes = 1'600;
  out.manifest.env = {{"GREETING", "hello"}};
  return out;
}

TEST(RunFrame, TheLongestHeaderThatTheLinkCarriesFits) {
  market::RequestHead head;
  head.method = "GET";
  head.target = "/";
  head.fields.push_back({std::string(256, 'a'), std::string(16'384, 'b')});
  for (const auto runtime : {market::RuntimeKind::kWasmCommand, market::RuntimeKind::kWasmHttp}) {
    const RunFrame run = run_frame(terms_of(runtime), head, 7);
    EXPECT_GT(encode_frame(run).size(), 16'384U);
    EXPECT_EQ(run.http.has_value(), runtime == market::RuntimeKind::kWasmHttp);
  }
}

TEST(RunFrame, TheSeedIsOfTheRequestAlone) {
  const LeafTerms terms = terms_of(market::RuntimeKind::kWasmCommand);
  const Hash32 seed = run_frame(terms, {}, 7).seed;
  EXPECT_EQ(run_frame(terms, {}, 7).seed, seed);
  EXPECT_NE(run_frame(terms, {}, 8).seed, seed);
  LeafTerms other = terms;
  other.gateway.data[0] = 1;
  EXPECT_NE(run_frame(other, {}, 7).seed, seed);
}

// What is kept of a request says the same as its entry, and is its record's encoding.
TEST(EncodeLeaf, KeepsAllUpToTheBoundAndHashesAbove) {
  const TempFolder folder;
  const LeafTerms terms = terms_of(market::RuntimeKind::kWasmCommand);
  market::RequestHead head;
  head.method = "POST";
  head.target = "/a";
  head.time_ms = 5;
  for (const std::size_t size :
       {std::size_t{10}, std::size_t{300'000}, std::size_t{kLeafContentBytesMax - 6},
        std::size_t{kLeafContentBytesMax - 5}}) {
    Exchange exchange(RunFrame{}, Spool(folder.path()), Spool(folder.path()));
    ASSERT_TRUE(exchange.body.append(Bytes(size, 3)).has_value());
    ASSERT_TRUE(exchange.output.append(as_bytes("Content-Type: a/b\n\nhello\n")).has_value());
    DoneFrame done;
    done.meter = {1'000, 900, 65'536};
    const Answer answer = make_answer(terms.manifest, "POST", exchange, done, folder.path());
    EXPECT_EQ(answer.body_bytes(), 6U);
    const auto accounted = account_for(terms, head, 9, exchange, done, answer);
    ASSERT_TRUE(accounted.has_value());
    EXPECT_EQ(accounted->entry.counters.fuel, 1'000 + instantiation_fuel(1'600));
    EXPECT_EQ(accounted->run.content_bytes, size + 6);
    const auto bytes = encode_leaf(terms, *accounted, head, exchange, answer);
    ASSERT_TRUE(bytes.has_value());
    EXPECT_LE(bytes->size(), kLeafBytesMax);
    const auto record = bcs_decode<LeafRecord>(*bytes);
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->entry, accounted->entry);
    EXPECT_EQ(record->content.has_value(), size + 6 <= kLeafContentBytesMax) << size;
    if (!record->content) continue;
    EXPECT_EQ(request_head(*record), head);
    EXPECT_EQ(response_head(*record->content), answer.head);
    EXPECT_EQ(as_text(record->content->response_body), "hello\n");
  }
}

// What has gone out cannot be taken back, and a replay must come to the same.
TEST(MakeAnswer, OfAStreamStandsWhereTheRunFails) {
  const TempFolder folder;
  market::Manifest manifest;
  const auto answer_to = [&](std::string_view method, std::string_view fields) {
    Exchange exchange(RunFrame{}, Spool(folder.path()), Spool(folder.path()));
    EXPECT_TRUE(exchange.output.append(as_bytes(std::string(fields) + "\n\npart")).has_value());
    DoneFrame done;
    done.outcome = RunOutcome::kTrap;
    Answer answer = make_answer(manifest, method, exchange, done, folder.path());
    EXPECT_EQ(done.outcome, RunOutcome::kTrap);
    return answer;
  };
  for (const char* fields : {"Content-Type: text/event-stream; charset=utf-8",
                             "Content-Type: text/plain\nX-Accel-Buffering: no"}) {
    const Answer streamed = answer_to("GET", fields);
    EXPECT_EQ(streamed.head.status, 200);
    EXPECT_EQ(streamed.body_bytes(), 4U);
    EXPECT_EQ(answer_to("HEAD", fields).head.status, 502) << "nothing of it has gone out";
  }
  for (const char* fields : {"Content-Type: text/plain", "Content-Type: text/event",
                             "Content-Type: text/plain\nX-Accel-Buffering: yes", "no head"})
    EXPECT_EQ(answer_to("GET", fields).head.status, 502) << fields;
}

TEST(MakeAnswer, SaysWhyThereIsNone) {
  const TempFolder folder;
  Exchange exchange(RunFrame{}, Spool(folder.path()), Spool(folder.path()));
  ASSERT_TRUE(exchange.output.append(as_bytes("no head")).has_value());
  DoneFrame done;
  const auto manifest = terms_of(market::RuntimeKind::kWasmCommand).manifest;
  const Answer answer = make_answer(manifest, "GET", exchange, done, folder.path());
  EXPECT_EQ(done.outcome, RunOutcome::kHeader);
  EXPECT_EQ(answer.head.status, 502);
  EXPECT_GT(answer.body_bytes(), 20U);
  DoneFrame again;
  again.outcome = RunOutcome::kTrap;
  EXPECT_EQ(make_answer(manifest, "HEAD", exchange, again, folder.path()).body_bytes(), 0U);
}

}  // namespace
}  // namespace fog::executor
