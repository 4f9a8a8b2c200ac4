// A record: one log entry framed for the disk. All integers little-endian:
//
//   0  magic    u32   "FOGR"
//   4  length   u32   bytes of the payload
//   8  number   u64   counts all records of the log, over all files
//   16 synced   u64   every record below this number was on disk when this one was written
//   24 crc      u32   CRC-32C over bytes 4..24 and the payload, started with the file's salt
//   28 payload        BCS of a LogEntry
//
// `synced` tells a torn tail from damage: a bad record may be a torn write exactly if no later good
// record says that it had been on disk.
#pragma once

#include <optional>

#include "chain/store/log_entry.h"

namespace fog {

constexpr std::size_t kRecordHeaderBytes = 28;
// A full block with its longest lists of outcomes and signatures, and room.
constexpr std::size_t kRecordPayloadMax = kBlockBytesMax + 2ULL * 1024 * 1024;

struct RecordHeader {
  std::uint32_t length = 0;
  std::uint64_t number = 0;
  std::uint64_t synced = 0;
  std::uint32_t crc = 0;
};

// Makes records: the header's room first, then the entry, then seal().
class RecordWriter {
 public:
  // `tag` is the entry's index in LogEntry.
  explicit RecordWriter(std::uint32_t tag);
  template <class T>
  void field(const T& value) {
    bcs_write(out_, value);
  }
  // The whole record.
  Bytes seal(std::uint64_t number, std::uint64_t synced, std::uint32_t crc_start) &&;

 private:
  BcsWriter out_;
};

// The header, if the magic is right and the length within bounds.
std::optional<RecordHeader> read_record_header(ByteView bytes);
// Whether a whole record stands at the start of `bytes`, with a matching checksum.
std::optional<RecordHeader> check_record(ByteView bytes, std::uint32_t crc_start);
// Decodes the payload of a record that check_record accepted.
Result<LogEntry, BcsError> decode_record(ByteView record);
std::uint32_t crc_start_of(const Hash32& salt);

}  // namespace fog
