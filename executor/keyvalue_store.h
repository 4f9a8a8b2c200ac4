// KeyvalueStore: what one replica's components have kept, in a folder on the Host's disk. A LevelDB
// holds it; a call happens whole or not at all, and what it wrote is in the kernel when it returns,
// so a killed Host loses nothing. A power failure may take back the last calls, latest first.
//
// Not thread safe: one call at a time.
#pragma once

#include <memory>

#include "chain/store/kv_store.h"
#include "executor/keyvalue.h"

namespace fog::executor {

// What an entry counts beside its key and value.
constexpr std::uint64_t kKeyvalueEntryBytes = 32;

class KeyvalueStore {
 public:
  // Opens or makes it at the first call. `bytes_max` bounds keys, values and kKeyvalueEntryBytes of
  // each entry together.
  KeyvalueStore(std::string folder, std::uint64_t bytes_max)
      : folder_(std::move(folder)), bytes_max_(bytes_max) {}

  // kFailed where the disk fails, and why() says how; it is opened again by the next call.
  KeyvalueReply apply(const KeyvalueCall& call);
  // Lets go of the folder, for good: every later call is kFailed.
  void close();

  const std::string& why() const { return why_; }
  std::uint64_t bytes() const { return account_.bytes; }

 private:
  // What is known of all entries; stands in the store, written with what changes it.
  struct Account {
    std::uint64_t bytes = 0;
    std::uint64_t version = 0;
    static constexpr auto kFields = std::make_tuple(&Account::bytes, &Account::version);
  };
  struct Write;

  ErrorOr<void> open();
  ErrorOr<KeyvalueReply> try_apply(const KeyvalueCall& call);
  ErrorOr<KeyvalueReply> get(const KeyvalueCall& call) const;
  ErrorOr<KeyvalueReply> list(const KeyvalueCall& call) const;
  ErrorOr<KeyvalueReply> increment(const KeyvalueCall& call);
  ErrorOr<KeyvalueReply> swap(const KeyvalueCall& call);
  // All of it, or kFull and nothing.
  ErrorOr<KeyvalueReply> write(const Write& changes);

  const std::string folder_;
  const std::uint64_t bytes_max_;
  std::unique_ptr<KvStore> store_;
  Account account_;
  bool closed_ = false;
  std::string why_;
};

}  // namespace fog::executor
