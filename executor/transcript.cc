#include "executor/transcript.h"

#include "chain/crypto/hash.h"

namespace fog::executor {

Hash32 asked_hash(const OutboundRequest& request) {
  return sha256({bcs_encode(request.head), sha256(request.body)});
}

Hash32 outbound_hash(const OutboundRecords& records) {
  if (records.empty()) return {};
  Sha256Stream hash;
  for (const OutboundRecord& record : records) hash.update(sha256(bcs_encode(record)));
  return hash.finish();
}

Hash32 asked_hash(const KeyvalueCall& call) {
  return sha256(bcs_encode(call));
}

Hash32 keyvalue_hash(const KeyvalueRecords& records) {
  Hash32 hash;
  for (const KeyvalueRecord& record : records) hash = sha256({hash, sha256(bcs_encode(record))});
  return hash;
}

Hash32 run_hash(const RunRecord& record) {
  static const HashTag kTag("fog/run");
  return tagged_hash(kTag, {bcs_encode(record)});
}

market::RequestHead request_head(const LeafRecord& record) {
  market::RequestHead out;
  out.time_ms = record.entry.time_ms;
  if (!record.content) return out;
  const RequestParts& parts = record.content->request;
  out.method.assign(as_text(parts.method));
  out.target.assign(as_text(parts.target));
  put_entries(parts.fields, out);
  return out;
}

market::ResponseHead response_head(const LeafContent& content) {
  market::ResponseHead out;
  out.status = content.status;
  put_entries(content.fields, out);
  return out;
}

// ---- KeyvalueLog ----

void KeyvalueLog::asked(const KeyvalueCall& call) {
  CHECK(!asked_);
  asked_ = asked_hash(call);
}

void KeyvalueLog::ended(const KeyvalueReply* reply) {
  CHECK(asked_);
  KeyvalueRecord record{*std::exchange(asked_, std::nullopt), {}};
  if (reply != nullptr) record.reply = *reply;
  const Bytes bytes = bcs_encode(record);
  hash_ = sha256({hash_, sha256(bytes)});
  ++calls_;
  bytes_ += bytes.size();
  if (bytes_ > kLeafContentBytesMax) {
    records_.clear();
  } else {
    records_.push_back(std::move(record));
  }
}

// ---- OutboundLog ----

void OutboundLog::asked(std::uint32_t number, const OutboundRequest& request) {
  OutboundRecord& record = calls_[number].record;
  record.number = number;
  record.asked = asked_hash(request);
}

void OutboundLog::ended(std::uint32_t number, std::uint64_t egress_bytes,
                        const OutboundReply* reply) {
  const auto it = calls_.find(number);
  CHECK(it != calls_.end());
  OutboundRecord& record = it->second.record;
  record.egress_bytes = egress_bytes;
  if (reply != nullptr) record.reply = RecordedReply{reply->head, reply->body};
  const Bytes bytes = bcs_encode(record);
  it->second.hash = sha256(bytes);
  bytes_ += bytes.size();
  egress_bytes_ += egress_bytes;
  if (bytes_ <= kLeafContentBytesMax) return;
  for (auto& [each, call] : calls_) call.record.reply.reset();
}

Hash32 OutboundLog::hash() const {
  if (calls_.empty()) return {};
  Sha256Stream hash;
  for (const auto& [number, call] : calls_) hash.update(call.hash);
  return hash.finish();
}

OutboundRecords OutboundLog::records() const {
  OutboundRecords out;
  for (const auto& [number, call] : calls_) out.push_back(call.record);
  return out;
}

}  // namespace fog::executor
