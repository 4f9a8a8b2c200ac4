// BlockLog: the append-only record of what was proposed, voted and finalized, in files of about
// 64 MiB. It is the node's truth: every database can be rebuilt from it.
//
//   blocks/00000001.blocks  sealed     blocks/00000001.index  what is in it
//   blocks/00000002.blocks  open, appended to
//   blocks/base             the height after which the log begins, where that is not the genesis
//
// Whatever byte of a write the machine stops at, reopening finds every synced record and at most a
// torn tail, which is cut off. Any other damage is kCorrupt, with the file, the offset and what to
// do.
//
// One thread appends and prunes; any thread may read.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "chain/base/clock.h"
#include "chain/store/segment.h"

namespace fog {

struct BlockLogOptions {
  std::uint64_t segment_bytes =
      64ULL * 1024 * 1024;  // a file is sealed when it has grown beyond this
  Rng* rng = &system_rng();
};

// A final block as the log has it.
struct StoredBlock {
  ProposalEntry proposal;
  FinalEntry final;
};

class BlockLog {
 public:
  // Opens the log in `dir`, making it if the directory is empty or absent.
  static ErrorOr<std::unique_ptr<BlockLog>> open(Env& env, std::string dir, const ChainId& chain_id,
                                                 BlockLogOptions options = {});

  // ---- writing; on failure nothing was added, and after a failed sync nothing can be ----
  ErrorOr<void> append_proposal(std::uint64_t view, std::uint64_t parent_view, const Block& block);
  ErrorOr<void> append_vote(const Vote& vote);
  ErrorOr<void> append_certificate(const Certificate& certificate);
  // The block must have been appended as a proposal; heights follow each other.
  ErrorOr<void> append_final(const FinalEntry& entry);
  // Everything appended so far is on disk afterwards.
  ErrorOr<void> sync();
  // In a log without a final block: the first one will be that of height + 1. On disk afterwards;
  // after a crash the log begins there or has never heard of it.
  ErrorOr<void> start_after(std::uint64_t height);

  // ---- reading ----
  // The last final height and the first that has not been pruned; 0 and 1 in an empty log, or the
  // height it starts after and the next.
  std::uint64_t height() const;
  std::uint64_t first_height() const;
  // kNotFound outside first_height()..height().
  ErrorOr<StoredBlock> block_at(std::uint64_t height) const;
  ErrorOr<FinalEntry> final_at(std::uint64_t height) const;

  // What was appended after the last final block, oldest first, as found at open. For the engine,
  // which goes on from there; the second call returns nothing.
  std::vector<LogEntry> take_tail();
  // How many bytes of torn tail were cut off at open.
  std::uint64_t torn_bytes() const { return torn_bytes_; }
  // Where the next record goes: "path at offset N", for messages.
  std::string end_place() const;

  // Removes the oldest files in which every block is below `keep_from`, never the open one.
  // Returns how many files went.
  ErrorOr<std::uint64_t> prune(std::uint64_t keep_from);

 private:
  struct Segment {
    SegmentSummary summary;
    std::shared_ptr<ReadFile> file;
  };
  struct ProposalPlace {
    std::uint64_t height = 0;
    std::uint64_t segment = 0;
    std::uint32_t offset = 0;
  };
  using SharedPlaces = std::shared_ptr<const BlockPlaces>;

  BlockLog(Env& env, std::string dir, const ChainId& chain_id, BlockLogOptions options)
      : env_(env), dir_(std::move(dir)), chain_id_(chain_id), options_(options) {}

  // Opening.
  ErrorOr<void> load();
  ErrorOr<void> load_base();
  ErrorOr<std::vector<std::uint64_t>> find_segments();
  ErrorOr<bool> load_summaries(const std::vector<std::uint64_t>& numbers);
  ErrorOr<void> replay(std::uint64_t number, bool rebuild, bool is_last);
  ErrorOr<void> find_first_height();

  // Writing.
  ErrorOr<void> append_entry(RecordWriter&& writer, std::uint32_t& offset);
  ErrorOr<void> roll_if_full();
  ErrorOr<void> start_segment(std::uint64_t number, std::uint64_t first_number);
  void note_open(std::uint64_t view, std::uint64_t number);
  void note_proposal(Segment& segment, std::uint32_t offset, const BlockId& id,
                     std::uint64_t height);
  // Where the final entry's proposal stands; forgets what is final now. Nothing when the entry
  // does not continue the log.
  std::optional<BlockPlace> note_final(const FinalEntry& entry, std::uint32_t offset);
  std::uint64_t tail_segment() const;

  // Reading.
  ErrorOr<LogEntry> read_entry(std::uint64_t number, std::uint32_t offset) const;
  ErrorOr<std::pair<std::uint64_t, BlockPlace>> place_of(std::uint64_t height) const;
  ErrorOr<SharedPlaces> sealed_places(std::uint64_t number) const;

  Segment& open_segment() { return segments_.rbegin()->second; }

  Env& env_;
  const std::string dir_;
  const ChainId chain_id_;
  const BlockLogOptions options_;

  // Shared by readers and the writer.
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Segment> segments_;  // by number; the last is open
  BlockPlaces places_;                         // of the open segment
  std::uint64_t height_ = 0;
  std::uint64_t first_height_ = 1;
  mutable std::deque<std::pair<std::uint64_t, SharedPlaces>> cache_;  // at most four

  // The writer's own.
  std::unique_ptr<AppendFile> file_;
  std::uint64_t synced_number_ = 0;
  std::optional<Error> broken_;
  std::map<BlockId, ProposalPlace> proposals_;         // not final yet
  std::map<std::uint64_t, std::uint64_t> open_views_;  // views not final yet, and their first file
  std::vector<LogEntry> tail_;
  std::uint64_t torn_bytes_ = 0;
};

}  // namespace fog
