#include "wallet/book.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "wallet/describe.h"
#include "wallet/keystore_file.h"
#include "wallet/multisig.h"
#include "wallet/private_file.h"

namespace fog::wallet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "fogcoin-book";
constexpr std::uint64_t kVersion = 1;

Fail<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("the address book is damaged ({}); mend it, or move it away", what));
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<BookKind> kind_of(std::string_view name) {
  for (const BookKind kind : {BookKind::kContact, BookKind::kWatched, BookKind::kMultisig}) {
    if (book_kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

Json entry_json(const BookEntry& entry) {
  Json out{{"name", entry.name},
           {"address", to_text(entry.address)},
           {"kind", book_kind_name(entry.kind)}};
  if (entry.key) out["public_key"] = to_hex0x(*entry.key);
  if (entry.policy) {
    out["threshold"] = entry.policy->threshold;
    out["keys"] = Json::array();
    for (const PublicKey& key : entry.policy->keys) out["keys"].push_back(to_hex0x(key));
  }
  return out;
}

ErrorOr<MultisigPolicy> read_policy(const Json& json) {
  const auto threshold = json.find("threshold");
  const auto keys = json.find("keys");
  if (threshold == json.end() || !threshold->is_number_unsigned() ||
      threshold->get<std::uint64_t>() > kMultisigKeysMax || keys == json.end() ||
      !keys->is_array() || keys->size() > kMultisigKeysMax) {
    return damaged("a multisig account");
  }
  std::vector<PublicKey> list;
  for (const Json& one : *keys) {
    const auto key =
        one.is_string() ? fixed_from_hex<33>(one.get<std::string>()) : std::optional<PublicKey>();
    if (!key) return damaged("a multisig account's key");
    list.push_back(*key);
  }
  return make_policy(threshold->get<std::uint8_t>(), std::move(list));
}

ErrorOr<BookEntry> read_entry(const Json& json) {
  if (!json.is_object()) return damaged("an entry");
  BookEntry out;
  out.name = text_of(json, "name");
  const auto address = address_from_text(text_of(json, "address"));
  const auto kind = kind_of(text_of(json, "kind"));
  if (!address || !kind) return damaged("the entry '" + printable(out.name) + "'");
  out.address = *address;
  out.kind = *kind;
  if (json.contains("public_key")) {
    out.key = fixed_from_hex<33>(text_of(json, "public_key"));
    if (!out.key) return damaged("the key of '" + printable(out.name) + "'");
  }
  if (out.kind == BookKind::kMultisig) {
    TRY(out.policy, read_policy(json));
  }
  return out;
}

}  // namespace

std::string_view book_kind_name(BookKind kind) {
  switch (kind) {
    case BookKind::kContact:
      return "contact";
    case BookKind::kWatched:
      return "watched";
    case BookKind::kMultisig:
      return "multisig";
  }
  return "";
}

std::string book_path(const std::string& keystore_path) {
  constexpr std::string_view kEnd = ".json";
  const bool has_end = keystore_path.ends_with(kEnd);
  return keystore_path.substr(0, keystore_path.size() - (has_end ? kEnd.size() : 0)) + ".book.json";
}

ErrorOr<Book> Book::open(std::string path) {
  const auto contents = read_secret_file(path, kBookBytesMax);
  if (!contents && contents.error().code == ErrorCode::kNotFound) return Book(std::move(path));
  if (!contents) return Fail{contents.error()};
  const std::string text(as_text(contents->get()));
  auto book = read(path, text);
  if (!book) return Fail{book.error().within(path)};
  book->on_disk_ = text;
  return book;
}

ErrorOr<Book> Book::read(std::string path, std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || text_of(json, "format") != kFormat) return damaged("it is no such file");
  const auto version = json.find("version");
  if (version == json.end() || *version != kVersion) {
    return damaged(fmt::format("this program reads version {}", kVersion));
  }
  const auto entries = json.find("entries");
  const auto labels = json.find("labels");
  if (entries == json.end() || !entries->is_array() || labels == json.end() ||
      !labels->is_array()) {
    return damaged("its lists");
  }
  Book out(std::move(path));
  for (const Json& one : *entries) {
    TRY(BookEntry entry, read_entry(one));
    TRY_VOID(out.add(std::move(entry)));
  }
  for (const Json& one : *labels) {
    const auto address =
        address_from_text(one.is_object() ? text_of(one, "address") : std::string());
    if (!address) return damaged("a label");
    TRY_VOID(out.set_label(*address, text_of(one, "text")));
  }
  return out;
}

const BookEntry* Book::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const BookEntry& one) { return one.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

const BookEntry* Book::find(const Address& address) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const BookEntry& one) { return one.address == address; });
  return found == entries_.end() ? nullptr : &*found;
}

std::string Book::label(const Address& address) const {
  const auto found = labels_.find(address);
  return found == labels_.end() ? std::string() : found->second;
}

ErrorOr<void> Book::add(BookEntry entry) {
  if (!is_account_name(entry.name)) {
    return fail(ErrorCode::kInvalidInput, "a name has 1 to 32 letters, digits, '.', '_' or '-'");
  }
  if ((entry.key && address_of(*entry.key) != entry.address) ||
      (entry.kind == BookKind::kMultisig) != entry.policy.has_value() ||
      (entry.policy && address_of(*entry.policy) != entry.address)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("the keys of '{}' are not those of {}",
                                                      entry.name, to_text(entry.address)));
  }
  if (entries_.size() >= kBookEntriesMax) {
    return fail(ErrorCode::kExhausted,
                fmt::format("an address book holds at most {} names", kBookEntriesMax));
  }
  const BookEntry* same = find(entry.name);
  if (!same) same = find(entry.address);
  if (same) {
    return fail(ErrorCode::kAlreadyExists, fmt::format("the address book has '{}' ({}) already",
                                                       same->name, to_text(same->address)));
  }
  entries_.push_back(std::move(entry));
  return {};
}

ErrorOr<BookEntry> Book::remove(std::string_view name) {
  const BookEntry* found = find(name);
  if (!found) {
    std::vector<std::string_view> names;
    for (const BookEntry& one : entries_) names.push_back(one.name);
    return fail(ErrorCode::kNotFound,
                fmt::format("the address book has no '{}'; it has: {}", printable(name),
                            names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  BookEntry out = *found;
  entries_.erase(entries_.begin() + (found - entries_.data()));
  return out;
}

ErrorOr<void> Book::set_label(const Address& address, std::string_view text) {
  if (text.size() > kLabelBytesMax || printable(text) != text) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a label is one line of at most {} bytes", kLabelBytesMax));
  }
  if (text.empty()) {
    labels_.erase(address);
    return {};
  }
  if (labels_.size() >= kBookEntriesMax && !labels_.contains(address)) {
    return fail(ErrorCode::kExhausted, fmt::format("there are {} labels at most", kBookEntriesMax));
  }
  labels_[address] = std::string(text);
  return {};
}

std::string Book::encode() const {
  Json entries = Json::array();
  for (const BookEntry& one : entries_) entries.push_back(entry_json(one));
  Json labels = Json::array();
  for (const auto& [address, text] : labels_) {
    labels.push_back({{"address", to_text(address)}, {"text", text}});
  }
  const Json out{{"format", kFormat},
                 {"version", kVersion},
                 {"entries", std::move(entries)},
                 {"labels", std::move(labels)}};
  return out.dump(2) + "\n";
}

ErrorOr<void> Book::save() {
  std::string text = encode();
  if (on_disk_) {
    TRY_VOID(replace_private_file(path_, as_bytes(*on_disk_), as_bytes(text)));
  } else {
    TRY_VOID(create_private_file(path_, as_bytes(text)));
  }
  on_disk_ = std::move(text);
  return {};
}

}  // namespace fog::wallet
