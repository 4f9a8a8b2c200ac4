#include "chain/store/segment.h"

#include <algorithm>
#include <array>

#include "chain/base/crc32c.h"

namespace fog {
namespace {

constexpr std::uint16_t kIndexVersion = 1;
constexpr std::array<std::uint8_t, 4> kMagicBytes = {'F', 'O', 'G', 'R'};  // of a record
// Version, BCS of the summary (all fields of fixed size), CRC.
constexpr std::size_t kSummaryBytes = 2 + 8 * 8 + 32 + 4;
constexpr std::size_t kIndexBytesMax = kSummaryBytes + 16 + kSegmentPlacesMax * 16;

std::string numbered(const std::string& dir, std::uint64_t segment, const char* suffix) {
  std::string digits = std::to_string(segment);
  if (digits.size() < 8) digits.insert(0, 8 - digits.size(), '0');
  return dir + "/" + digits + suffix;
}

void append_crc(Bytes& out) {
  BcsWriter crc;
  crc.integer(crc32c(out));
  append(out, crc.bytes());
}

// The bytes before a trailing CRC, if it matches.
std::optional<ByteView> without_crc(ByteView bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const ByteView body = bytes.first(bytes.size() - 4);
  BcsReader in(bytes.last(4));
  std::uint32_t crc = 0;
  if (!in.integer(crc) || crc != crc32c(body)) return std::nullopt;
  return body;
}

Fail<Error> bad_index(const std::string& path) {
  return fail(ErrorCode::kCorrupt, path + " is not a whole index of a block file");
}

Fail<Error> damaged(const std::string& path, std::uint64_t offset, std::string_view what) {
  return fail(ErrorCode::kCorrupt,
              path + " is damaged at offset " + std::to_string(offset) + ": " + std::string(what) +
                  ". A crash cannot cause this: check the disk, then restore this file from a "
                  "backup of this node or from another node of the same chain");
}

// The first good record after `from` that shows that record `number` had been on disk.
bool later_record_proves(ByteView file, std::size_t from, std::uint64_t number,
                         std::uint32_t crc_start) {
  auto at = file.begin() + static_cast<std::ptrdiff_t>(from);
  while (true) {
    at = std::search(at, file.end(), kMagicBytes.begin(), kMagicBytes.end());
    if (at == file.end()) return false;
    const auto header = check_record(ByteView(at, file.end()), crc_start);
    if (header && header->synced > number) return true;
    ++at;
  }
}

}  // namespace

std::string segment_path(const std::string& dir, std::uint64_t segment) {
  return numbered(dir, segment, ".blocks");
}
std::string segment_index_path(const std::string& dir, std::uint64_t segment) {
  return numbered(dir, segment, ".index");
}

ErrorOr<void> write_segment_index(Env& env, const std::string& dir, const SegmentSummary& summary,
                                  const BlockPlaces& places) {
  CHECK(places.size() == summary.final_count);
  BcsWriter head;
  head.integer(kIndexVersion);
  bcs_write(head, summary);
  Bytes out = std::move(head).take();
  append_crc(out);
  CHECK(out.size() == kSummaryBytes);
  Bytes body = bcs_encode(places);
  append_crc(body);
  append(out, body);
  return write_file_atomic(env, segment_index_path(dir, summary.segment), out, FileMode::kShared);
}

ErrorOr<SegmentSummary> read_segment_summary(Env& env, const std::string& dir,
                                             std::uint64_t segment) {
  const std::string path = segment_index_path(dir, segment);
  TRY(const auto file, env.open_read(path));
  TRY(const Bytes bytes, file->read_at(0, kSummaryBytes));
  const auto body = without_crc(bytes);
  if (!body || bytes.size() != kSummaryBytes) return bad_index(path);
  BcsReader in(*body);
  std::uint16_t version = 0;
  SegmentSummary summary;
  if (!in.integer(version) || version != kIndexVersion || !bcs_read(in, summary) ||
      summary.segment != segment) {
    return bad_index(path);
  }
  return summary;
}

ErrorOr<BlockPlaces> read_segment_places(Env& env, const std::string& dir, std::uint64_t segment) {
  const std::string path = segment_index_path(dir, segment);
  TRY(const Bytes bytes, read_file(env, path, kIndexBytesMax));
  if (bytes.size() < kSummaryBytes) return bad_index(path);
  const auto body = without_crc(ByteView(bytes).subspan(kSummaryBytes));
  if (!body) return bad_index(path);
  auto places = bcs_decode<BlockPlaces>(*body);
  if (!places) return bad_index(path);
  return *std::move(places);
}

ErrorOr<SegmentScan> scan_segment(Env& env, const std::string& dir, std::uint64_t segment,
                                  const ChainId& chain_id, bool is_last,
                                  const RecordVisitor& visit) {
  const std::string path = segment_path(dir, segment);
  // A segment is closed soon after it has grown beyond its bound, so it fits in memory.
  TRY(const Bytes bytes, read_file(env, path, std::size_t{1} << 31));
  const ByteView file(bytes);
  SegmentScan scan;
  scan.file_bytes = file.size();

  // The first record carries the salt of the others; its own checksum starts with none.
  const auto first = check_record(file, 0);
  if (!first) return damaged(path, 0, "its first record cannot be read");
  const auto opening = decode_record(file);
  const auto* head = opening ? std::get_if<SegmentEntry>(&*opening) : nullptr;
  if (head == nullptr || head->version != 1 || head->segment != segment)
    return damaged(path, 0, "it does not begin as a block file of this number and version");
  if (head->chain_id != chain_id) {
    return fail(ErrorCode::kInvalidInput,
                path + " belongs to another chain: " + to_hex0x(head->chain_id) + " instead of " +
                    to_hex0x(chain_id));
  }
  scan.salt = head->salt;
  const std::uint32_t crc_start = crc_start_of(head->salt);
  scan.first_number = first->number;
  scan.next_number = first->number + 1;
  std::size_t at = kRecordHeaderBytes + first->length;

  while (at < file.size()) {
    const auto header = check_record(file.subspan(at), crc_start);
    if (!header || header->number != scan.next_number) {
      if (!is_last) return damaged(path, at, "a record's checksum or number is wrong");
      if (later_record_proves(file, at, scan.next_number, crc_start))
        return damaged(path, at, "a record is bad though later ones are whole");
      break;
    }
    auto entry = decode_record(file.subspan(at));
    if (!entry)
      return damaged(path, at, "a record cannot be decoded: it was written by another version");
    TRY_VOID(visit(ScannedRecord{*header, static_cast<std::uint32_t>(at), &*entry}));
    at += kRecordHeaderBytes + header->length;
    ++scan.next_number;
  }
  scan.good_bytes = at;
  return scan;
}

}  // namespace fog
