#include "executor/keyvalue_store.h"

#include <charconv>
#include <map>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"

namespace fog::executor {
namespace {

// Many stores stand open in one process: each gets little.
constexpr LevelDbOptions kSmall{
    .write_buffer_bytes = 1 << 20, .cache_bytes = 1 << 20, .open_files = 32};

constexpr std::uint8_t kAccountKey = 'a';
constexpr std::uint8_t kEntryKey = 'e';

Bytes entry_key(ByteView key) {
  Bytes out = {kEntryKey};
  append(out, key);
  return out;
}

KeyvalueReply reply_of(KeyvalueFault fault) {
  KeyvalueReply out;
  out.fault = fault;
  return out;
}

std::optional<std::int64_t> number_of(ByteView value) {
  const std::string_view text = as_text(value);
  std::int64_t out = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return {};
  return out;
}

}  // namespace

// What each key is to hold; nothing: to be gone.
struct KeyvalueStore::Write {
  std::map<Bytes, std::optional<ByteView>> entries;
};

ErrorOr<void> KeyvalueStore::open() {
  if (closed_) return fail(ErrorCode::kUnavailable, "the store is closed");
  if (store_ != nullptr) return {};
  TRY_VOID(make_folder(folder_));
  TRY(auto store, open_leveldb(folder_, kSmall));
  TRY(const auto account, store->get(ByteView(&kAccountKey, 1)));
  account_ = {};
  if (account) {
    const auto read = bcs_decode<Account>(*account);
    if (!read) return fail(ErrorCode::kCorrupt, "the account of " + folder_ + " is damaged");
    account_ = *read;
  }
  store_ = std::move(store);
  return {};
}

void KeyvalueStore::close() {
  closed_ = true;
  store_.reset();
}

KeyvalueReply KeyvalueStore::apply(const KeyvalueCall& call) {
  auto reply = try_apply(call);
  if (!reply) {
    // A LevelDB that failed to write takes nothing more.
    store_.reset();
    why_ = reply.error().context;
    return reply_of(KeyvalueFault::kFailed);
  }
  why_.clear();
  reply->version = account_.version;
  return *std::move(reply);
}

ErrorOr<KeyvalueReply> KeyvalueStore::try_apply(const KeyvalueCall& call) {
  TRY_VOID(open());
  Write changes;
  switch (call.op) {
    case KeyvalueOp::kGet:
      return get(call);
    case KeyvalueOp::kExists: {
      KeyvalueReply out = reply_of(KeyvalueFault::kDone);
      TRY(const auto value, store_->get(entry_key(call.entries.front().key)));
      out.number = value ? 1 : 0;
      return out;
    }
    case KeyvalueOp::kList:
      return list(call);
    case KeyvalueOp::kIncrement:
      return increment(call);
    case KeyvalueOp::kSwap:
      return swap(call);
    case KeyvalueOp::kSet:
      for (const KeyvalueEntry& entry : call.entries) changes.entries[entry.key] = entry.value;
      return write(changes);
    case KeyvalueOp::kDelete:
      for (const KeyvalueEntry& entry : call.entries) changes.entries[entry.key] = std::nullopt;
      return write(changes);
  }
  CHECK(false);
}

ErrorOr<KeyvalueReply> KeyvalueStore::get(const KeyvalueCall& call) const {
  KeyvalueReply out = reply_of(KeyvalueFault::kDone);
  std::size_t bytes = 0;
  for (const KeyvalueEntry& entry : call.entries) {
    TRY(auto value, store_->get(entry_key(entry.key)));
    if (value) bytes += value->size();
    if (bytes > kKeyvalueCallBytesMax) return reply_of(KeyvalueFault::kTooLarge);
    std::optional<KeyvalueBytes> found;
    if (value) found.emplace(*std::move(value));
    out.values.push_back(std::move(found));
  }
  return out;
}

ErrorOr<KeyvalueReply> KeyvalueStore::list(const KeyvalueCall& call) const {
  KeyvalueReply out = reply_of(KeyvalueFault::kDone);
  Bytes from = entry_key({});
  if (!call.entries.empty()) {
    append(from, call.entries.front().key);
    from.push_back(0);
  }
  const std::uint8_t end = kEntryKey + 1;
  TRY_VOID(store_->scan(from, ByteView(&end, 1), [&](ByteView key, ByteView) {
    if (out.values.size() == kKeyvalueKeysMax) {
      out.number = 1;
      return false;
    }
    out.values.emplace_back(KeyvalueBytes(to_bytes(key.subspan(1))));
    return true;
  }));
  return out;
}

ErrorOr<KeyvalueReply> KeyvalueStore::increment(const KeyvalueCall& call) {
  const auto& key = call.entries.front().key;
  TRY(const auto value, store_->get(entry_key(key)));
  const auto number = value ? number_of(*value) : std::int64_t{0};
  if (!number) return reply_of(KeyvalueFault::kNotNumber);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, static_cast<std::int64_t>(call.delta), &sum)) {
    return reply_of(KeyvalueFault::kOverflow);
  }
  const std::string text = std::to_string(sum);
  Write changes;
  changes.entries[key] = as_bytes(text);
  TRY(KeyvalueReply out, write(changes));
  out.number = static_cast<std::uint64_t>(sum);
  return out;
}

ErrorOr<KeyvalueReply> KeyvalueStore::swap(const KeyvalueCall& call) {
  const KeyvalueEntry& entry = call.entries.front();
  TRY(const auto value, store_->get(entry_key(entry.key)));
  std::optional<Hash32> there;
  if (value) there = sha256(*value);
  if (there != call.expected) {
    KeyvalueReply out = reply_of(KeyvalueFault::kChanged);
    std::optional<KeyvalueBytes> hash;
    if (there) hash.emplace(to_bytes(*there));
    out.values.push_back(std::move(hash));
    return out;
  }
  Write changes;
  changes.entries[entry.key] = entry.value;
  return write(changes);
}

ErrorOr<KeyvalueReply> KeyvalueStore::write(const Write& changes) {
  KvBatch batch;
  Account account = account_;
  std::uint64_t added = 0;
  for (const auto& [key, value] : changes.entries) {
    const Bytes place = entry_key(key);
    TRY(const auto old, store_->get(place));
    if (old) account.bytes -= key.size() + old->size() + kKeyvalueEntryBytes;
    if (value) {
      const std::uint64_t bytes = key.size() + value->size() + kKeyvalueEntryBytes;
      account.bytes += bytes;
      added += bytes;
      batch.put(place, *value);
    } else if (old) {
      batch.erase(place);
    }
  }
  // Who is over the limit all the same may still make it less.
  if (added > 0 && account.bytes > bytes_max_ && account.bytes > account_.bytes) {
    return reply_of(KeyvalueFault::kFull);
  }
  ++account.version;
  batch.put(ByteView(&kAccountKey, 1), bcs_encode(account));
  TRY_VOID(store_->write(batch, false));
  account_ = account;
  return reply_of(KeyvalueFault::kDone);
}

}  // namespace fog::executor
