// Segment: one file of the block log, and what must be known of it to find blocks in it.
//
// A full file is sealed: what it holds is written beside it as "NNNNNNNN.index", so that opening a
// long log reads summaries instead of blocks. The index can always be rebuilt from the file.
#pragma once

#include <functional>

#include "chain/base/env.h"
#include "chain/store/log_record.h"

namespace fog {

// Where the two records of a final block stand.
struct BlockPlace {
  std::uint64_t proposal_segment = 0;
  std::uint32_t proposal_offset = 0;
  std::uint32_t final_offset = 0;  // in the segment whose index this is
  static constexpr auto kFields = std::make_tuple(
      &BlockPlace::proposal_segment, &BlockPlace::proposal_offset, &BlockPlace::final_offset);
  bool operator==(const BlockPlace&) const = default;
};

struct SegmentSummary {
  std::uint64_t segment = 0;
  std::uint64_t bytes = 0;         // of the file
  std::uint64_t first_number = 0;  // of its records; the SegmentEntry has it
  std::uint64_t next_number = 0;   // one past its last record's
  std::uint64_t first_final = 0;   // height; 0 when no block became final in it
  std::uint64_t final_count = 0;   // consecutive heights
  std::uint64_t height_max = 0;    // of any block in it, final or not
  std::uint64_t tail_segment = 0;  // the oldest file that held something not final yet, at sealing
  Hash32 salt;
  static constexpr auto kFields = std::make_tuple(
      &SegmentSummary::segment, &SegmentSummary::bytes, &SegmentSummary::first_number,
      &SegmentSummary::next_number, &SegmentSummary::first_final, &SegmentSummary::final_count,
      &SegmentSummary::height_max, &SegmentSummary::tail_segment, &SegmentSummary::salt);
  bool operator==(const SegmentSummary&) const = default;
};

constexpr std::size_t kSegmentPlacesMax = 8ULL * 1024 * 1024;
using BlockPlaces = BoundedList<BlockPlace, kSegmentPlacesMax>;  // from first_final on

std::string segment_path(const std::string& dir, std::uint64_t segment);
std::string segment_index_path(const std::string& dir, std::uint64_t segment);

ErrorOr<void> write_segment_index(Env& env, const std::string& dir, const SegmentSummary& summary,
                                  const BlockPlaces& places);
// kCorrupt (or kNotFound) means: rebuild it.
ErrorOr<SegmentSummary> read_segment_summary(Env& env, const std::string& dir,
                                             std::uint64_t segment);
ErrorOr<BlockPlaces> read_segment_places(Env& env, const std::string& dir, std::uint64_t segment);

// One record found by scan_segment. `record` is only valid during the call.
struct ScannedRecord {
  RecordHeader header;
  std::uint32_t offset = 0;
  LogEntry* entry = nullptr;  // may be moved from
};
using RecordVisitor = std::function<ErrorOr<void>(const ScannedRecord& record)>;

struct SegmentScan {
  Hash32 salt;
  std::uint64_t first_number = 0;
  std::uint64_t next_number = 0;
  std::uint64_t good_bytes = 0;  // where the last good record ends
  std::uint64_t file_bytes = 0;  // larger than good_bytes when the tail is torn
};

// Reads a whole file, each record once. `is_last`: a torn tail is allowed, and left in place.
// kCorrupt names the file and the offset and says how to recover.
ErrorOr<SegmentScan> scan_segment(Env& env, const std::string& dir, std::uint64_t segment,
                                  const ChainId& chain_id, bool is_last,
                                  const RecordVisitor& visit);

}  // namespace fog
