// CallDigest: one hash over all host calls of a run, for auditors: whoever has not run the guest
// cannot know it, since it is not in the leaf.
//
//   digest 0 = zero
//   digest n = SHA-256(digest n-1 || BCS(call) || for each changed page: its number u32 || SHA-256
//   of it)
// where BCS(call) is of its index (u64), function (text), result (u32), fuel used so far (u64),
// memory size in bytes (u64) and words (bytes).
//
// Pages are 64 KiB of a command's memory, ascending. They are looked at after the first
// kDigestEachCalls calls, then after every kDigestEveryCalls-th, and after a call that ends the
// run; a page has changed when a byte in it differs from when pages were looked at before (at
// first, and where memory has grown: from zero). So such a digest binds all of memory as it then
// was, and every digest the fuel and result of each call. A component's memory cannot be reached:
// for it the words bind what went in and out of every call, and the fuel what it did between. What
// the guest does after its last host call is bound by outcome, fuel and output alone.
#pragma once

#include "chain/crypto/hash.h"
#include "executor/runtime.h"

namespace fog::executor {

constexpr std::size_t kDigestPageBytes = 64 * 1024;
constexpr std::uint64_t kDigestEachCalls = 256;
constexpr std::uint64_t kDigestEveryCalls = 64;

// Holds a copy of the memory. Not thread safe.
class CallDigest {
 public:
  // `hashes`: else calls and fuel alone are noted, which costs next to nothing.
  explicit CallDigest(bool hashes = true) : hashes_(hashes) {}
  void add(const SeenCall& call);
  std::uint64_t calls() const { return calls_; }
  const Hash32& digest() const { return digest_; }
  // Used at the end of the last call that let the run go on.
  std::uint64_t fuel() const { return fuel_; }
  // Whether the last call ended the run.
  bool in_call() const { return in_call_; }

 private:
  void hash(const SeenCall& call);

  const bool hashes_;
  std::uint64_t calls_ = 0;
  Hash32 digest_;
  std::uint64_t fuel_ = 0;
  bool in_call_ = false;
  Bytes memory_;  // as it was when it was looked at before
};

}  // namespace fog::executor
