// Book: the names that a person gives to addresses that are not keys in his keystore: people he
// pays, accounts that he only watches, multisig accounts; and labels, his notes on any address.
//
// A file of its own beside the keystore, readable JSON of mode 0600 without a secret, so that it
// needs no passphrase and serves on a computer that holds no key:
//
//   {"format": "fogcoin-book", "version": 1,
//    "entries": [{"name", "address", "kind": "contact" | "watched" | "multisig",
//                 "public_key"?, "threshold"?, "keys"?}, ...],
//    "labels": [{"address", "text"}, ...]}
//
// One object from one thread at a time. A change made by another program since it was opened is
// noticed when saving, never overwritten.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chain/base/error.h"
#include "chain/types/address.h"

namespace fog::wallet {

constexpr std::size_t kBookEntriesMax = 4'096;
constexpr std::size_t kBookBytesMax = std::size_t{4} << 20;
constexpr std::size_t kLabelBytesMax = 256;

enum class BookKind : std::uint8_t {
  kContact,   // somebody else's
  kWatched,   // one's own, whose key is elsewhere
  kMultisig,  // k of n keys
};
std::string_view book_kind_name(BookKind kind);

struct BookEntry {
  std::string name;  // is_account_name (wallet/keystore_file.h)
  Address address;
  BookKind kind = BookKind::kContact;
  std::optional<PublicKey> key;          // of a watched account, where it is known
  std::optional<MultisigPolicy> policy;  // of a multisig account
  bool operator==(const BookEntry&) const = default;
};

// Where the book of a keystore is: "wallet.book.json" beside "wallet.json".
std::string book_path(const std::string& keystore_path);

class Book {
 public:
  // An empty book where there is no file. kCorrupt names what is wrong with one.
  static ErrorOr<Book> open(std::string path);
  // The same of a text, for a file that does not exist yet (a backup's).
  static ErrorOr<Book> read(std::string path, std::string_view text);

  const std::vector<BookEntry>& entries() const { return entries_; }
  const BookEntry* find(std::string_view name) const;
  const BookEntry* find(const Address& address) const;
  // Empty where there is none.
  std::string label(const Address& address) const;
  bool empty() const { return entries_.empty() && labels_.empty(); }

  // These change the object; save() makes it last.
  // kAlreadyExists for a name or an address that is in it; kInvalidInput for a name that is none, a
  // key or a policy that does not belong to the address; kExhausted beyond kBookEntriesMax.
  ErrorOr<void> add(BookEntry entry);
  // kNotFound names what there is.
  ErrorOr<BookEntry> remove(std::string_view name);
  // An empty text takes the label away. kInvalidInput above kLabelBytesMax bytes, or for what is
  // not UTF-8 on one line.
  ErrorOr<void> set_label(const Address& address, std::string_view text);
  // Mode 0600, on disk before this returns. kUnavailable (changed by another program) and kIo leave
  // the file as it was.
  ErrorOr<void> save();
  std::string encode() const;

 private:
  explicit Book(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::vector<BookEntry> entries_;
  std::map<Address, std::string> labels_;
  std::optional<std::string> on_disk_;  // the file as it was read or written last
};

}  // namespace fog::wallet
