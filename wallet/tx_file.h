// TxFile: a transaction between people and machines: built here, signed there, by one key or by k
// of n, and sent from anywhere. A text file that fits a memory stick, a mail or a QR code:
//
//   {"format": "fogcoin-transaction", "version": 1,
//    "body": hex of BCS(TxBody), which is what is signed,
//    "threshold": 2, "keys": [hex, ...],                 of a multisig account only
//    "signatures": [{"key": hex, "signature": hex}, ...]}
//
// It holds no secret, and whatever it says beyond the body is checked against the body: the account
// is the sender, and every signature verifies. So a file from anybody can be read, but what it does
// must be read too (wallet/describe.h).
//
// All functions are without state, safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wallet/multisig.h"
#include "wallet/tx_builder.h"

namespace fog::wallet {

// Room for a transaction of the greatest size in hex, and sixteen signatures.
constexpr std::size_t kTxFileBytesMax = 2 * kTxBytesMax + 16 * 1024;

struct KeySignature {
  PublicKey key;
  EcdsaSig signature;
  bool operator==(const KeySignature&) const = default;
};

struct TxFile {
  TxBody body;
  std::optional<MultisigPolicy> policy;  // nothing: the sender is the address of one key
  std::vector<KeySignature> signatures;  // ascending by key, one a key

  // How many signatures it takes, and how many are missing.
  std::size_t needed() const { return policy ? policy->threshold : 1; }
  std::size_t missing() const {
    return signatures.size() < needed() ? needed() - signatures.size() : 0;
  }
  bool operator==(const TxFile&) const = default;
};

std::string encode_tx_file(const TxFile& file);
// kInvalidInput says what is wrong: not such a file, of a newer version, a body that is not
// canonical, another account's keys, a signature that is not over this body.
ErrorOr<TxFile> decode_tx_file(std::string_view text);
// A transaction that is signed already, e.g. out of a block. As decode_tx_file.
ErrorOr<TxFile> tx_file_of(const SignedTx& tx);

// Signs with one more key. kInvalidInput if the key is not the sender's or one of the policy's;
// kAlreadyExists if it has signed.
ErrorOr<void> add_signature(TxFile& file, Signer& signer);
// One file with the signatures of all. kInvalidInput for none, or if they are not all of one
// transaction.
ErrorOr<TxFile> combine(const std::vector<TxFile>& files);
// What it will weigh and cost, as quote() of the body.
ErrorOr<TxQuote> quote(const TxFile& file);
// Ready to submit. kInvalidInput says how many signatures are missing.
ErrorOr<ReadyTx> finish(const TxFile& file);

}  // namespace fog::wallet
