// Leaves come from a Host's disk or over the network, queries from anybody: any bytes are what they
// say, or refused; and a record that is none of a Host's is told so without being run.
#include "executor/leaf_query.h"
#include "executor/leaf_store.h"
#include "executor/replay.h"
#include "tests/fuzz/temp_file.h"

namespace {

const fog::fuzz::TempFile& file() {
  static const fog::fuzz::TempFile kFile;
  return kFile;
}

template <class T>
void round_trip(fog::ByteView bytes) {
  const auto value = fog::bcs_decode<T>(bytes);
  if (!value) return;
  const fog::Bytes again = fog::bcs_encode(*value);
  CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
}

void examine(const fog::executor::LeafTerms& terms, fog::ByteView bytes) {
  const auto record = fog::bcs_decode<fog::executor::LeafRecord>(bytes);
  if (!record) return;
  const auto report = fog::executor::examine_leaf(terms, *record);
  CHECK(report.findings.empty() == (report.verdict == fog::executor::LeafVerdict::kVerified));
  if (!record->content || report.verdict != fog::executor::LeafVerdict::kVerified) return;
  // What can be run can be told to a worker.
  (void)fog::executor::encode_frame(
      fog::executor::run_frame(terms, request_head(*record), record->entry.index));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fog::executor;
  const fog::ByteView bytes(data, size);
  round_trip<SignedLeafQuery>(bytes);
  round_trip<LeafAnswer>(bytes);
  round_trip<LeafRecord>(bytes);
  examine({}, bytes);
  file().write(data, size);
  auto leaves = LeafFile::open(file().path());
  if (!leaves) return 0;
  while (const auto record = leaves->next()) examine(leaves->terms(), *record);
  return 0;
}
