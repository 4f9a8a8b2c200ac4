#include "chain/store/block_log.h"

#include <algorithm>

namespace fog {
namespace {

// The size of a file's first record: all its fields have fixed sizes.
constexpr std::size_t kSegmentEntryBytes = kRecordHeaderBytes + 1 + 2 + 32 + 8 + 32;

template <class T>
constexpr std::uint32_t kTagOf = 0;
template <>
constexpr std::uint32_t kTagOf<SegmentEntry> = 0;
template <>
constexpr std::uint32_t kTagOf<ProposalEntry> = 1;
template <>
constexpr std::uint32_t kTagOf<VoteEntry> = 2;
template <>
constexpr std::uint32_t kTagOf<CertificateEntry> = 3;
template <>
constexpr std::uint32_t kTagOf<FinalEntry> = 4;

std::uint64_t view_of(const LogEntry& entry) {
  struct Visitor {
    std::uint64_t operator()(const SegmentEntry&) const { return 0; }
    std::uint64_t operator()(const ProposalEntry& e) const { return e.view; }
    std::uint64_t operator()(const VoteEntry& e) const { return e.vote.view; }
    std::uint64_t operator()(const CertificateEntry& e) const { return e.certificate.vote.view; }
    std::uint64_t operator()(const FinalEntry& e) const { return e.view; }
  };
  return std::visit(Visitor{}, entry);
}

Fail<Error> corrupt(const std::string& what) {
  return fail(ErrorCode::kCorrupt, what +
                                       ": restore the blocks folder from a backup of this node "
                                       "or from another node of the same chain");
}

}  // namespace

ErrorOr<std::unique_ptr<BlockLog>> BlockLog::open(Env& env, std::string dir,
                                                  const ChainId& chain_id,
                                                  BlockLogOptions options) {
  std::unique_ptr<BlockLog> log(new BlockLog(env, std::move(dir), chain_id, options));
  TRY_VOID(log->load());
  return log;
}

// ---- opening ----

ErrorOr<void> BlockLog::load() {
  TRY_VOID(env_.make_dir(dir_));
  TRY_VOID(load_base());
  TRY(const auto numbers, find_segments());
  if (numbers.empty()) return start_segment(1, 0);

  TRY(const bool indexed, load_summaries(numbers));
  std::uint64_t scan_from = numbers.front();
  if (indexed && numbers.size() > 1)
    scan_from = segments_[numbers[numbers.size() - 2]].summary.tail_segment;
  if (indexed && numbers.size() == 1) scan_from = numbers.back();
  for (const std::uint64_t number : numbers) {
    const bool is_last = number == numbers.back();
    if (number >= scan_from) TRY_VOID(replay(number, !indexed || is_last, is_last));
  }

  TRY(file_, env_.open_append(segment_path(dir_, numbers.back())));
  // What an earlier process wrote and did not sync may be in the system's cache only.
  TRY_VOID(file_->sync());
  synced_number_ = open_segment().summary.next_number;
  return find_first_height();
}

// The numbers of the block files, consecutive. Removes what a crash may leave: a file whose first
// record was never whole, and indexes without their file.
ErrorOr<std::vector<std::uint64_t>> BlockLog::find_segments() {
  TRY(const auto names, env_.list_dir(dir_));
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : names) {
    if (!name.ends_with(".blocks")) continue;
    std::uint64_t number = 0;
    for (const char c : name.substr(0, name.size() - 7))
      number = c >= '0' && c <= '9' ? number * 10 + static_cast<std::uint64_t>(c - '0') : 0;
    if (number == 0 || segment_path(dir_, number) != dir_ + "/" + name)
      return fail(ErrorCode::kCorrupt, dir_ + "/" + name + " is not a file of the block log");
    numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  if (!numbers.empty()) {
    const std::string path = segment_path(dir_, numbers.back());
    TRY(const auto file, env_.open_read(path));
    TRY(const std::uint64_t size, file->size());
    TRY(const Bytes head, file->read_at(0, kSegmentEntryBytes));
    if (size <= kSegmentEntryBytes && !check_record(head, 0)) {
      torn_bytes_ += size;
      TRY_VOID(env_.remove(path));
      TRY_VOID(env_.sync_dir(dir_));
      numbers.pop_back();
    }
  }
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] != numbers[i - 1] + 1)
      return corrupt(segment_path(dir_, numbers[i - 1] + 1) + " is missing");
  }
  return numbers;
}

// Whether every sealed file has its index.
ErrorOr<bool> BlockLog::load_summaries(const std::vector<std::uint64_t>& numbers) {
  bool all = true;
  for (const std::uint64_t number : numbers) {
    Segment& segment = segments_[number];
    segment.summary.segment = number;
    TRY(auto file, env_.open_read(segment_path(dir_, number)));
    segment.file = std::move(file);
    if (number == numbers.back()) continue;
    auto summary = read_segment_summary(env_, dir_, number);
    TRY(const std::uint64_t bytes, segment.file->size());
    if (!summary) {
      const ErrorCode code = summary.error().code;
      if (code != ErrorCode::kCorrupt && code != ErrorCode::kNotFound) return Fail{summary.error()};
      all = false;
    } else if (summary->bytes != bytes) {
      return corrupt(segment_path(dir_, number) + " has " + std::to_string(bytes) +
                     " bytes where its index says " + std::to_string(summary->bytes));
    } else {
      segment.summary = *summary;
    }
  }
  for (std::size_t i = 1; all && i + 1 < numbers.size(); ++i) {
    const SegmentSummary& before = segments_[numbers[i - 1]].summary;
    if (segments_[numbers[i]].summary.first_number != before.next_number)
      return corrupt(segment_path(dir_, numbers[i]) + " does not continue the file before it");
  }
  for (const auto& [number, segment] : segments_) {
    if (all && segment.summary.final_count > 0)
      height_ = segment.summary.first_final + segment.summary.final_count - 1;
  }
  return all;
}

// Reads one file. `rebuild`: its places are not known yet.
ErrorOr<void> BlockLog::replay(std::uint64_t number, bool rebuild, bool is_last) {
  Segment& segment = segments_[number];
  SegmentSummary& summary = segment.summary;
  const std::string path = segment_path(dir_, number);
  if (rebuild) {
    summary.first_final = summary.final_count = summary.height_max = 0;
    places_.clear();
  }
  const auto visit = [&](const ScannedRecord& record) -> ErrorOr<void> {
    const std::uint64_t view = view_of(*record.entry);
    if (const auto* final = std::get_if<FinalEntry>(record.entry)) {
      if (!rebuild) {
        std::erase_if(proposals_, [&](const auto& p) { return p.second.height <= final->height; });
      } else {
        const auto place = note_final(*final, record.offset);
        if (!place)
          return corrupt(path + " at offset " + std::to_string(record.offset) +
                         " does not continue the log");
        if (summary.final_count++ == 0) summary.first_final = final->height;
        places_.push_back(*place);
      }
      std::erase_if(open_views_, [&](const auto& open) { return open.first <= view; });
      std::erase_if(tail_, [&](const LogEntry& entry) { return view_of(entry) <= view; });
      return {};
    }
    if (const auto* proposal = std::get_if<ProposalEntry>(record.entry)) {
      const BlockHeader& header = proposal->block.header;
      note_proposal(segment, record.offset, block_id(header), header.height);
    }
    note_open(view, number);
    tail_.push_back(std::move(*record.entry));
    return {};
  };
  TRY(const SegmentScan scan, scan_segment(env_, dir_, number, chain_id_, is_last, visit));
  if (number > segments_.begin()->first &&
      scan.first_number != segments_[number - 1].summary.next_number) {
    return corrupt(path + " does not continue the file before it");
  }
  summary.first_number = scan.first_number;
  summary.next_number = scan.next_number;
  summary.bytes = scan.good_bytes;
  summary.salt = scan.salt;
  if (scan.good_bytes < scan.file_bytes) {
    torn_bytes_ += scan.file_bytes - scan.good_bytes;
    TRY_VOID(env_.truncate(path, scan.good_bytes));
  }
  if (rebuild && !is_last) {
    summary.tail_segment = tail_segment();
    TRY_VOID(write_segment_index(env_, dir_, summary, places_));
  }
  return {};
}

// Final blocks whose proposal stood in a file that has been pruned cannot be read.
ErrorOr<void> BlockLog::find_first_height() {
  for (const auto& [number, segment] : segments_) {
    const SegmentSummary& summary = segment.summary;
    if (summary.final_count == 0) continue;
    first_height_ = summary.first_final;
    SharedPlaces sealed;
    if (number != segments_.rbegin()->first) {
      TRY(sealed, sealed_places(number));
    }
    for (const BlockPlace& place : sealed ? *sealed : places_) {
      if (place.proposal_segment >= segments_.begin()->first) return {};
      ++first_height_;
    }
  }
  return {};
}

// ---- writing ----

ErrorOr<void> BlockLog::append_proposal(std::uint64_t view, std::uint64_t parent_view,
                                        const Block& block) {
  TRY_VOID(roll_if_full());
  RecordWriter writer(kTagOf<ProposalEntry>);
  writer.field(view);
  writer.field(parent_view);
  writer.field(block);
  std::uint32_t offset = 0;
  TRY_VOID(append_entry(std::move(writer), offset));
  const std::lock_guard lock(mutex_);
  note_proposal(open_segment(), offset, block_id(block.header), block.header.height);
  note_open(view, open_segment().summary.segment);
  return {};
}

ErrorOr<void> BlockLog::append_vote(const Vote& vote) {
  RecordWriter writer(kTagOf<VoteEntry>);
  writer.field(vote);
  std::uint32_t offset = 0;
  TRY_VOID(append_entry(std::move(writer), offset));
  note_open(vote.view, open_segment().summary.segment);
  return {};
}

ErrorOr<void> BlockLog::append_certificate(const Certificate& certificate) {
  RecordWriter writer(kTagOf<CertificateEntry>);
  writer.field(certificate);
  std::uint32_t offset = 0;
  TRY_VOID(append_entry(std::move(writer), offset));
  note_open(certificate.vote.view, open_segment().summary.segment);
  return {};
}

ErrorOr<void> BlockLog::append_final(const FinalEntry& entry) {
  CHECK(proposals_.contains(entry.block));
  RecordWriter writer(kTagOf<FinalEntry>);
  writer.field(entry);
  std::uint32_t offset = 0;
  TRY_VOID(append_entry(std::move(writer), offset));
  const std::lock_guard lock(mutex_);
  const auto place = note_final(entry, offset);
  CHECK(place.has_value());
  SegmentSummary& summary = open_segment().summary;
  if (summary.final_count++ == 0) summary.first_final = entry.height;
  places_.push_back(*place);
  std::erase_if(open_views_, [&](const auto& open) { return open.first <= entry.view; });
  return {};
}

ErrorOr<void> BlockLog::sync() {
  if (broken_) return Fail{*broken_};
  if (auto synced = file_->sync(); !synced) {
    broken_ = synced.error().within("the block log cannot be written any more");
    return Fail{*broken_};
  }
  synced_number_ = open_segment().summary.next_number;
  return {};
}

ErrorOr<void> BlockLog::append_entry(RecordWriter&& writer, std::uint32_t& offset) {
  if (broken_) return Fail{*broken_};
  SegmentSummary& summary = open_segment().summary;
  const Bytes record =
      std::move(writer).seal(summary.next_number, synced_number_, crc_start_of(summary.salt));
  if (auto written = file_->append(record); !written) {
    // Nothing of it may stay: later records would follow a torn one.
    if (auto cut = env_.truncate(segment_path(dir_, summary.segment), summary.bytes); !cut)
      broken_ = cut.error().within("the block log ends in a torn record that cannot be removed");
    return Fail{written.error()};
  }
  const std::lock_guard lock(mutex_);
  offset = static_cast<std::uint32_t>(summary.bytes);
  summary.bytes += record.size();
  ++summary.next_number;
  return {};
}

ErrorOr<void> BlockLog::roll_if_full() {
  if (broken_) return Fail{*broken_};
  SegmentSummary& summary = open_segment().summary;
  if (summary.bytes < options_.segment_bytes) return {};
  TRY_VOID(sync());
  summary.tail_segment = tail_segment();
  TRY_VOID(write_segment_index(env_, dir_, summary, places_));
  return start_segment(summary.segment + 1, summary.next_number);
}

ErrorOr<void> BlockLog::start_segment(std::uint64_t number, std::uint64_t first_number) {
  Segment segment;
  options_.rng->fill(segment.summary.salt.data);
  RecordWriter writer(kTagOf<SegmentEntry>);
  writer.field(SegmentEntry{1, chain_id_, number, segment.summary.salt});
  const Bytes record = std::move(writer).seal(first_number, first_number, 0);
  CHECK(record.size() == kSegmentEntryBytes);
  const std::string path = segment_path(dir_, number);
  if (auto made = env_.create_file(path, record, FileMode::kShared); !made) {
    // A file without its first record would be taken for a crash's at the next start anyway.
    (void)env_.remove(path).has_value();
    return made;
  }
  TRY_VOID(env_.sync_dir(dir_));
  TRY(auto appender, env_.open_append(path));
  TRY(segment.file, env_.open_read(path));
  segment.summary.segment = number;
  segment.summary.bytes = record.size();
  segment.summary.first_number = first_number;
  segment.summary.next_number = first_number + 1;
  file_ = std::move(appender);
  synced_number_ = first_number + 1;
  const std::lock_guard lock(mutex_);
  segments_[number] = std::move(segment);
  places_.clear();
  return {};
}

void BlockLog::note_open(std::uint64_t view, std::uint64_t number) {
  open_views_.emplace(view, number);
}

void BlockLog::note_proposal(Segment& segment, std::uint32_t offset, const BlockId& id,
                             std::uint64_t height) {
  segment.summary.height_max = std::max(segment.summary.height_max, height);
  proposals_[id] = ProposalPlace{height, segment.summary.segment, offset};
}

std::optional<BlockPlace> BlockLog::note_final(const FinalEntry& entry, std::uint32_t offset) {
  // A log that begins with a snapshot, or whose beginning was pruned, may begin anywhere.
  if (height_ != 0 && entry.height != height_ + 1) return std::nullopt;
  const auto proposal = proposals_.find(entry.block);
  BlockPlace place{0, 0, offset};
  if (proposal != proposals_.end()) {
    place.proposal_segment = proposal->second.segment;
    place.proposal_offset = proposal->second.offset;
  } else if (segments_.begin()->first == 1) {
    return std::nullopt;
  }
  if (height_ == 0) first_height_ = entry.height;
  height_ = entry.height;
  std::erase_if(proposals_, [&](const auto& p) { return p.second.height <= entry.height; });
  return place;
}

std::uint64_t BlockLog::tail_segment() const {
  std::uint64_t oldest = segments_.rbegin()->first;
  for (const auto& [view, number] : open_views_) oldest = std::min(oldest, number);
  return oldest;
}

ErrorOr<std::uint64_t> BlockLog::prune(std::uint64_t keep_from) {
  std::uint64_t removed = 0;
  while (true) {
    const std::unique_lock lock(mutex_);
    const auto oldest = segments_.begin();
    const SegmentSummary& summary = oldest->second.summary;
    if (oldest->first == segments_.rbegin()->first || summary.height_max >= keep_from ||
        summary.height_max >= height_ || tail_segment() <= oldest->first) {
      return removed;
    }
    const std::uint64_t number = oldest->first;
    first_height_ = std::max(first_height_, summary.height_max + 1);
    segments_.erase(oldest);
    std::erase_if(cache_, [&](const auto& cached) { return cached.first == number; });
    TRY_VOID(env_.remove(segment_path(dir_, number)));
    TRY(const bool indexed, env_.exists(segment_index_path(dir_, number)));
    if (indexed) TRY_VOID(env_.remove(segment_index_path(dir_, number)));
    TRY_VOID(env_.sync_dir(dir_));
    ++removed;
  }
}

}  // namespace fog
