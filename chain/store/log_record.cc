#include "chain/store/log_record.h"

#include <algorithm>

#include "chain/base/crc32c.h"

namespace fog {
namespace {

constexpr std::uint32_t kMagic = 0x52474F46;  // "FOGR"
constexpr std::array<std::uint8_t, kRecordHeaderBytes> kRoom{};

void put_le(Bytes& out, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

RecordWriter::RecordWriter(std::uint32_t tag) {
  out_.raw(kRoom);
  out_.uleb(tag);
}

Bytes RecordWriter::seal(std::uint64_t number, std::uint64_t synced, std::uint32_t crc_start) && {
  Bytes record = std::move(out_).take();
  const std::size_t length = record.size() - kRecordHeaderBytes;
  CHECK(length <= kRecordPayloadMax);
  put_le(record, 0, kMagic, 4);
  put_le(record, 4, length, 4);
  put_le(record, 8, number, 8);
  put_le(record, 16, synced, 8);
  const ByteView view(record);
  const std::uint32_t crc =
      crc32c(view.subspan(kRecordHeaderBytes), crc32c(view.subspan(4, 20), crc_start));
  put_le(record, 24, crc, 4);
  return record;
}

std::optional<RecordHeader> read_record_header(ByteView bytes) {
  BcsReader in(bytes);
  std::uint32_t magic = 0;
  RecordHeader header;
  if (!in.integer(magic) || magic != kMagic) return std::nullopt;
  if (!in.integer(header.length) || !in.integer(header.number) || !in.integer(header.synced) ||
      !in.integer(header.crc)) {
    return std::nullopt;
  }
  if (header.length > kRecordPayloadMax) return std::nullopt;
  return header;
}

std::optional<RecordHeader> check_record(ByteView bytes, std::uint32_t crc_start) {
  const auto header = read_record_header(bytes);
  if (!header || bytes.size() - kRecordHeaderBytes < header->length) return std::nullopt;
  const std::uint32_t crc = crc32c(bytes.subspan(kRecordHeaderBytes, header->length),
                                   crc32c(bytes.subspan(4, 20), crc_start));
  if (crc != header->crc) return std::nullopt;
  return header;
}

Result<LogEntry, BcsError> decode_record(ByteView record) {
  const auto header = read_record_header(record);
  CHECK(header.has_value() && record.size() >= kRecordHeaderBytes + header->length);
  return bcs_decode<LogEntry>(record.subspan(kRecordHeaderBytes, header->length));
}

std::uint32_t crc_start_of(const Hash32& salt) {
  return crc32c(salt);
}

}  // namespace fog
