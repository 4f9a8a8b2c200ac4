// Reading blocks out of the log.
#include "chain/store/block_log.h"

namespace fog {
namespace {

constexpr std::size_t kCachedIndexes = 4;

}  // namespace

std::uint64_t BlockLog::height() const {
  const std::lock_guard lock(mutex_);
  return height_;
}

std::uint64_t BlockLog::first_height() const {
  const std::lock_guard lock(mutex_);
  return first_height_;
}

ErrorOr<StoredBlock> BlockLog::block_at(std::uint64_t height) const {
  TRY(const auto found, place_of(height));
  const auto& [number, place] = found;
  TRY(LogEntry proposal, read_entry(place.proposal_segment, place.proposal_offset));
  TRY(LogEntry final, read_entry(number, place.final_offset));
  auto* block = std::get_if<ProposalEntry>(&proposal);
  auto* outcome = std::get_if<FinalEntry>(&final);
  if (block == nullptr || outcome == nullptr || outcome->height != height ||
      block->block.header.height != height) {
    return fail(ErrorCode::kCorrupt, "the index " + segment_index_path(dir_, number) +
                                         " does not fit its file: stop the node, remove the index "
                                         "and start again, which rebuilds it");
  }
  return StoredBlock{std::move(*block), std::move(*outcome)};
}

ErrorOr<FinalEntry> BlockLog::final_at(std::uint64_t height) const {
  TRY(const auto found, place_of(height));
  TRY(LogEntry final, read_entry(found.first, found.second.final_offset));
  auto* outcome = std::get_if<FinalEntry>(&final);
  if (outcome == nullptr || outcome->height != height)
    return fail(ErrorCode::kCorrupt,
                "the index " + segment_index_path(dir_, found.first) + " does not fit its file");
  return std::move(*outcome);
}

ErrorOr<LogEntry> BlockLog::read_entry(std::uint64_t number, std::uint32_t offset) const {
  std::shared_ptr<ReadFile> file;
  std::uint32_t crc_start = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto segment = segments_.find(number);
    if (segment == segments_.end())
      return fail(ErrorCode::kNotFound, segment_path(dir_, number) + " has been pruned");
    file = segment->second.file;
    crc_start = crc_start_of(segment->second.summary.salt);
  }
  TRY(Bytes record, file->read_at(offset, kRecordHeaderBytes));
  const auto header = read_record_header(record);
  if (header) {
    TRY(record, file->read_at(offset, kRecordHeaderBytes + header->length));
  }
  if (!header || !check_record(record, crc_start)) {
    return fail(ErrorCode::kCorrupt,
                segment_path(dir_, number) + " is damaged at offset " + std::to_string(offset) +
                    ": restore it from a backup of this node or from another node of the same "
                    "chain");
  }
  auto entry = decode_record(record);
  if (!entry) {
    return fail(ErrorCode::kCorrupt,
                segment_path(dir_, number) + " at offset " + std::to_string(offset) +
                    " cannot be decoded: " + std::string(bcs_error_text(entry.error())));
  }
  return *std::move(entry);
}

// The number of the file that made the height final, and the places.
ErrorOr<std::pair<std::uint64_t, BlockPlace>> BlockLog::place_of(std::uint64_t height) const {
  std::uint64_t number = 0;
  std::uint64_t first_final = 0;
  {
    const std::lock_guard lock(mutex_);
    if (height < first_height_ || height > height_) {
      return fail(ErrorCode::kNotFound,
                  "block " + std::to_string(height) + " is not stored; this node has " +
                      std::to_string(first_height_) + " to " + std::to_string(height_));
    }
    // From the newest: recent blocks are asked for most.
    auto segment = segments_.rbegin();
    while (segment->second.summary.final_count == 0 || segment->second.summary.first_final > height)
      ++segment;
    number = segment->first;
    first_final = segment->second.summary.first_final;
    if (segment == segments_.rbegin())
      return std::pair(number, places_.at(static_cast<std::size_t>(height - first_final)));
  }
  TRY(const SharedPlaces places, sealed_places(number));
  const auto index = static_cast<std::size_t>(height - first_final);
  if (index >= places->size())
    return fail(ErrorCode::kCorrupt, segment_index_path(dir_, number) +
                                         " ends too early: stop the "
                                         "node, remove it and start again, which rebuilds it");
  return std::pair(number, (*places)[index]);
}

ErrorOr<BlockLog::SharedPlaces> BlockLog::sealed_places(std::uint64_t number) const {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [cached, places] : cache_) {
      if (cached == number) return places;
    }
  }
  auto places = read_segment_places(env_, dir_, number);
  if (!places) {
    return Fail{
        places.error().within("stop the node, remove the index and start again, which "
                              "rebuilds it")};
  }
  auto shared = std::make_shared<const BlockPlaces>(*std::move(places));
  const std::lock_guard lock(mutex_);
  cache_.emplace_front(number, shared);
  if (cache_.size() > kCachedIndexes) cache_.pop_back();
  return shared;
}

std::vector<LogEntry> BlockLog::take_tail() {
  return std::exchange(tail_, {});
}

std::string BlockLog::end_place() const {
  const std::lock_guard lock(mutex_);
  const SegmentSummary& summary = segments_.rbegin()->second.summary;
  return segment_path(dir_, summary.segment) + " at offset " + std::to_string(summary.bytes);
}

}  // namespace fog
