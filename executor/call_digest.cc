#include "executor/call_digest.h"

#include <algorithm>
#include <cstring>

namespace fog::executor {
namespace {

void write_text(BcsWriter& out, std::string_view text) {
  out.uleb(static_cast<std::uint32_t>(text.size()));
  out.raw(as_bytes(text));
}

}  // namespace

void CallDigest::add(const SeenCall& call) {
  in_call_ = call.result == kCallEndedRun;
  if (!in_call_) fuel_ = call.fuel_used;
  if (hashes_) hash(call);
  ++calls_;
}

void CallDigest::hash(const SeenCall& call) {
  BcsWriter head;
  head.raw(digest_);
  head.integer(call.index);
  write_text(head, call.function);
  head.integer(call.result);
  head.integer(call.fuel_used);
  head.integer(std::uint64_t{call.memory.size()});
  write_text(head, call.words);
  Sha256Stream hash;
  hash.update(head.bytes());
  const bool looks = in_call_ || calls_ < kDigestEachCalls || calls_ % kDigestEveryCalls == 0;
  if (looks) memory_.resize(call.memory.size());
  for (std::size_t at = 0; looks && at < memory_.size(); at += kDigestPageBytes) {
    const std::size_t size = std::min(kDigestPageBytes, memory_.size() - at);
    const ByteView page = call.memory.subspan(at, size);
    if (std::memcmp(memory_.data() + at, page.data(), size) == 0) continue;
    std::memcpy(memory_.data() + at, page.data(), size);
    BcsWriter changed;
    changed.integer(static_cast<std::uint32_t>(at / kDigestPageBytes));
    changed.raw(sha256(page));
    hash.update(changed.bytes());
  }
  digest_ = hash.finish();
}

}  // namespace fog::executor
