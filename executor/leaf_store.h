// LeafStore: the leaf records of one gateway's requests to one replica, on disk, for as long as
// they can be asked for.
//
// Files of about kLeafFileBytes in the replica's folder, <gateway hex>.<number>.leaves, written
// from front to back:  length u32 | CRC-32C u32 | BCS   of LeafTerms once, then of LeafRecords in
// the order in which requests ended. Appends are gathered and written without a sync: a record
// costs a copy. A killed process can lose the records since the last flush, power loss those of
// some seconds; the entries stand in the usage log all the same, and such requests cannot be
// verified.
//
// Whoever reads finds a record by its index, since an index is never further from those before it
// than a gateway may be ahead of its vouchers.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "executor/transcript.h"

namespace fog::executor {

constexpr std::uint64_t kLeafFileBytes = 8 << 20;
constexpr std::uint64_t kLeafFileMax = kLeafFileBytes + 4 * kLeafBytesMax;  // of a store's

// Not thread safe.
class LeafStore {
 public:
  // A file is written to for at most `keep_ms` (0: until it is full). The folder exists; nothing is
  // written before the first flush.
  static ErrorOr<std::unique_ptr<LeafStore>> open(std::string folder, LeafTerms terms,
                                                  std::uint64_t keep_ms);
  ~LeafStore() { flush(); }
  LeafStore(const LeafStore&) = delete;
  LeafStore& operator=(const LeafStore&) = delete;

  // BCS of a LeafRecord.
  void append(ByteView record);
  // What cannot be written is dropped: serving goes on without.
  void flush();
  // Why the last flush failed; empty when it did not.
  const std::string& trouble() const { return trouble_; }

 private:
  LeafStore(std::string folder, LeafTerms terms, std::uint64_t keep_ms);
  ErrorOr<void> write();

  const std::string folder_;
  const LeafTerms terms_;
  const std::uint64_t keep_ms_;
  std::uint64_t number_ = 0;  // of the file that is written to, or of the last there was
  std::string path_;          // empty: the next flush begins a file
  std::uint64_t size_ = 0;
  std::chrono::steady_clock::time_point since_;
  Bytes waiting_;
  std::string trouble_;
};

// A file of leaves, whoever wrote it: everything in it is checked.
class LeafFile {
 public:
  // Reads it whole. kNotFound, kIo; kExhausted when it is larger; kCorrupt when it does not begin
  // with terms.
  static ErrorOr<LeafFile> open(const std::string& path, std::uint64_t bytes_max = kLeafFileMax);
  const LeafTerms& terms() const { return terms_; }
  // The next record's BCS, valid as long as this; nothing at the end. Damaged ones are left out.
  std::optional<ByteView> next();
  bool damaged() const { return damaged_; }  // as far as it was read

 private:
  Bytes content_;
  std::size_t at_ = 0;
  LeafTerms terms_;
  bool damaged_ = false;
};
// The bytes of a file with these records (BCS of LeafRecords).
Bytes encode_leaf_file(const LeafTerms& terms, const std::vector<Bytes>& records);

// What a store holds of a request, and the terms it was served under.
struct FoundLeaf {
  LeafTerms terms;
  Bytes record;  // BCS of a LeafRecord
};
// By index, those of the wanted ones that are kept. May run beside the store that writes.
std::map<std::uint64_t, FoundLeaf> find_leaves(const std::string& folder, const Address& gateway,
                                               const std::set<std::uint64_t>& wanted);

// Deletes what is older than `keep_ms` (0: nothing is), then the oldest, until what all replicas
// below `usage_folder` keep fits the quota.
void trim_leaves(const std::string& usage_folder, std::uint64_t quota_bytes, std::uint64_t keep_ms);

}  // namespace fog::executor
