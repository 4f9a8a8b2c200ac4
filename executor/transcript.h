// Transcript: what a Host keeps of a request, so that anybody can run it again and see the same.
//
// One LeafRecord a request. All that stands in it is bound by the request's entry in the Merkle-sum
// log, and so by the receipts that claim from it: request and response by their hashes, which the
// gateway's voucher covers too; how the run ended, and what came from other servers, by
// LogEntry::run, the hash of the RunRecord. A run depends on nothing else but the terms
// (LeafTerms): random is made of beacon, lease, term, gateway and index, time is the request's.
//
// The record holds its content while that is at most kLeafContentBytesMax; of a larger one, and of
// a container's, the hashes alone are kept: such a request is attested by the Host, not verified.
#pragma once

#include <map>

#include "executor/keyvalue.h"
#include "executor/outbound.h"
#include "executor/replica_id.h"

namespace fog::executor {

constexpr std::size_t kLeafBytesMax = 1 << 20;  // BCS of a LeafRecord
// Bodies and answers of other servers; both heads fit beside.
constexpr std::uint64_t kLeafContentBytesMax = kLeafBytesMax - 160 * 1024;

// What all requests of one gateway to one replica have in common.
struct LeafTerms {
  ChainId chain;
  ReplicaId replica;
  Address gateway;
  Hash32 beacon;  // of the lease
  market::RuntimeProfile runtime;
  market::Manifest manifest;
  static constexpr auto kFields =
      std::make_tuple(&LeafTerms::chain, &LeafTerms::replica, &LeafTerms::gateway,
                      &LeafTerms::beacon, &LeafTerms::runtime, &LeafTerms::manifest);
  bool operator==(const LeafTerms&) const = default;
};

// An answer of another server, or why there was none.
struct RecordedReply {
  ReplyHead head;
  BoundedBytes<kOutboundBodyBytesMax> body;
  static constexpr auto kFields = std::make_tuple(&RecordedReply::head, &RecordedReply::body);
  bool operator==(const RecordedReply&) const = default;
};
// A run's request to another server.
struct OutboundRecord {
  std::uint32_t number = 0;            // the run's own
  Hash32 asked;                        // asked_hash() of it: a replay asks the same
  std::uint64_t egress_bytes = 0;      // what it counted for
  std::optional<RecordedReply> reply;  // nothing: the run ended before there was one
  static constexpr auto kFields =
      std::make_tuple(&OutboundRecord::number, &OutboundRecord::asked,
                      &OutboundRecord::egress_bytes, &OutboundRecord::reply);
  bool operator==(const OutboundRecord&) const = default;
};
using OutboundRecords = BoundedList<OutboundRecord, kOutboundMax>;  // ascending by number
// SHA-256 over BCS(OutboundHead) || SHA-256(body).
Hash32 asked_hash(const OutboundRequest& request);
// SHA-256 over the SHA-256 of each record's BCS; zero where there are none.
Hash32 outbound_hash(const OutboundRecords& records);

// A run's call to its key-value store, with the answer: a replay needs no store.
struct KeyvalueRecord {
  Hash32 asked;                        // SHA-256 of BCS(KeyvalueCall): a replay asks the same
  std::optional<KeyvalueReply> reply;  // nothing: the run ended before there was one
  static constexpr auto kFields = std::make_tuple(&KeyvalueRecord::asked, &KeyvalueRecord::reply);
  bool operator==(const KeyvalueRecord&) const = default;
};
using KeyvalueRecords = BoundedList<KeyvalueRecord, kKeyvalueCallsMax>;  // as they were made
Hash32 asked_hash(const KeyvalueCall& call);
// A chain: zero, then SHA-256 of the hash before and the SHA-256 of the record's BCS.
Hash32 keyvalue_hash(const KeyvalueRecords& records);

// What the Host alone knows of a run.
struct RunRecord {
  RunOutcome outcome = RunOutcome::kOk;
  std::uint64_t fuel = 0;           // measured_fuel()
  std::uint64_t content_bytes = 0;  // of both bodies, and BCS of the records of both kinds
  Hash32 outbound;                  // outbound_hash()
  Hash32 keyvalue;                  // keyvalue_hash()
  static constexpr auto kFields =
      std::make_tuple(&RunRecord::outcome, &RunRecord::fuel, &RunRecord::content_bytes,
                      &RunRecord::outbound, &RunRecord::keyvalue);
  bool operator==(const RunRecord&) const = default;
};
// The tagged hash "fog/run" of BCS(record).
Hash32 run_hash(const RunRecord& record);

struct LeafContent {
  RequestParts request;  // canonical; its time is the entry's
  BoundedBytes<kLeafBytesMax> request_body;
  OutboundRecords outbound;
  KeyvalueRecords keyvalue;
  std::uint16_t status = 0;
  FieldEntries fields;  // of the response, canonical
  BoundedBytes<kLeafBytesMax> response_body;
  static constexpr auto kFields =
      std::make_tuple(&LeafContent::request, &LeafContent::request_body, &LeafContent::outbound,
                      &LeafContent::keyvalue, &LeafContent::status, &LeafContent::fields,
                      &LeafContent::response_body);
  bool operator==(const LeafContent&) const = default;
};
struct LeafRecord {
  market::LogEntry entry;
  RunRecord run;
  std::optional<LeafContent> content;
  static constexpr auto kFields =
      std::make_tuple(&LeafRecord::entry, &LeafRecord::run, &LeafRecord::content);
  bool operator==(const LeafRecord&) const = default;
};
// The request's head in the types of the link.
market::RequestHead request_head(const LeafRecord& record);
market::ResponseHead response_head(const LeafContent& content);

// Records a run's calls to its key-value store. Holds no more than a leaf may.
class KeyvalueLog {
 public:
  // One at a time.
  void asked(const KeyvalueCall& call);
  // Its end; null: the run ended before there was an answer.
  void ended(const KeyvalueReply* reply);
  bool waits() const { return asked_.has_value(); }
  std::uint32_t calls() const { return calls_; }

  // Of all, as keyvalue_hash().
  const Hash32& hash() const { return hash_; }
  std::uint64_t bytes() const { return bytes_; }  // BCS of the records
  // None once bytes() is above kLeafContentBytesMax.
  const KeyvalueRecords& records() const { return records_; }

 private:
  std::optional<Hash32> asked_;
  std::uint32_t calls_ = 0;
  std::uint64_t bytes_ = 0;
  Hash32 hash_;
  KeyvalueRecords records_;
};

// Records a run's requests to other servers as they come and end. Holds no more answers than a leaf
// may.
class OutboundLog {
 public:
  void asked(std::uint32_t number, const OutboundRequest& request);
  // Its end; null: the run ended before there was an answer.
  void ended(std::uint32_t number, std::uint64_t egress_bytes, const OutboundReply* reply);

  // Of all, as outbound_hash().
  Hash32 hash() const;
  std::uint64_t bytes() const { return bytes_; }  // BCS of the records
  std::uint64_t egress_bytes() const { return egress_bytes_; }
  // In their order; without answers once bytes() is above kLeafContentBytesMax.
  OutboundRecords records() const;

 private:
  struct One {
    OutboundRecord record;
    Hash32 hash;
  };
  std::map<std::uint32_t, One> calls_;
  std::uint64_t bytes_ = 0;
  std::uint64_t egress_bytes_ = 0;
};

}  // namespace fog::executor
