#include "wallet/tx_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fog::wallet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "fogcoin-transaction";
constexpr std::uint64_t kVersion = 1;

Fail<Error> wrong(std::string_view what) {
  return fail(ErrorCode::kInvalidInput, fmt::format("not a transaction file: {}", what));
}

// A text member of an object; empty for whatever else.
std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

ErrorOr<MultisigPolicy> read_policy(const Json& json) {
  const auto threshold = json.find("threshold");
  const auto keys = json.find("keys");
  if (threshold == json.end() || !threshold->is_number_unsigned() || keys == json.end() ||
      !keys->is_array() || keys->size() > kMultisigKeysMax ||
      threshold->get<std::uint64_t>() > kMultisigKeysMax) {
    return wrong("a multisig account has a threshold and up to 16 keys");
  }
  std::vector<PublicKey> list;
  for (const Json& one : *keys) {
    const auto key =
        one.is_string() ? fixed_from_hex<33>(one.get<std::string>()) : std::optional<PublicKey>();
    if (!key) return wrong("a key is not 33 bytes in hex");
    list.push_back(*key);
  }
  return make_policy(threshold->get<std::uint8_t>(), std::move(list));
}

ErrorOr<std::vector<KeySignature>> read_signatures(const Json& json) {
  const auto list = json.find("signatures");
  if (list == json.end() || !list->is_array() || list->size() > kMultisigKeysMax) {
    return wrong("\"signatures\" is no list of at most 16");
  }
  std::vector<KeySignature> out;
  for (const Json& one : *list) {
    const auto key = fixed_from_hex<33>(one.is_object() ? text_of(one, "key") : "");
    const auto signature = fixed_from_hex<64>(one.is_object() ? text_of(one, "signature") : "");
    if (!key || !signature)
      return wrong("a signature has a key of 33 bytes and 64 bytes of its own");
    out.push_back({*key, *signature});
  }
  return out;
}

bool may_sign(const TxFile& file, const PublicKey& key) {
  if (!file.policy) return address_of(key) == file.body.sender;
  const auto& keys = file.policy->keys;
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Adds a signature in its place, unless its key has one; everything about it is checked.
ErrorOr<void> insert(TxFile& file, const TxId& digest, const KeySignature& one) {
  if (!may_sign(file, one.key)) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("the key {} has no say over {}", to_hex0x(one.key), to_text(file.body.sender)));
  }
  if (!verify_ecdsa(one.key, digest, one.signature)) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the signature of the key {} does not belong to this transaction; was "
                            "it changed after it was signed?",
                            to_hex0x(one.key)));
  }
  const auto place =
      std::lower_bound(file.signatures.begin(), file.signatures.end(), one,
                       [](const KeySignature& a, const KeySignature& b) { return a.key < b.key; });
  if (place != file.signatures.end() && place->key == one.key) return {};
  file.signatures.insert(place, one);
  return {};
}

// The parts as one file, after every check.
ErrorOr<TxFile> checked(TxBody body, std::optional<MultisigPolicy> policy,
                        const std::vector<KeySignature>& signatures) {
  TxFile out;
  out.body = std::move(body);
  out.policy = std::move(policy);
  if (out.policy && address_of(*out.policy) != out.body.sender) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the transaction is sent by {}, but its keys are those of {}",
                            to_text(out.body.sender), to_text(address_of(*out.policy))));
  }
  const TxId digest = tx_id(out.body);
  for (const KeySignature& one : signatures) TRY_VOID(insert(out, digest, one));
  return out;
}

}  // namespace

std::string encode_tx_file(const TxFile& file) {
  Json out{{"format", kFormat}, {"version", kVersion}, {"body", to_hex0x(bcs_encode(file.body))}};
  if (file.policy) {
    out["threshold"] = file.policy->threshold;
    out["keys"] = Json::array();
    for (const PublicKey& key : file.policy->keys) out["keys"].push_back(to_hex0x(key));
  }
  out["signatures"] = Json::array();
  for (const KeySignature& one : file.signatures) {
    out["signatures"].push_back(
        {{"key", to_hex0x(one.key)}, {"signature", to_hex0x(one.signature)}});
  }
  return out.dump(2) + "\n";
}

ErrorOr<TxFile> decode_tx_file(std::string_view text) {
  if (text.size() > kTxFileBytesMax) return wrong("it is larger than a transaction can be");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || text_of(json, "format") != kFormat) {
    return wrong("it does not say \"format\": \"fogcoin-transaction\"");
  }
  const auto version = json.find("version");
  if (version == json.end() || *version != kVersion) {
    return wrong(fmt::format("this program reads version {}", kVersion));
  }
  for (const auto& [name, value] : json.items()) {
    if (name != "format" && name != "version" && name != "body" && name != "threshold" &&
        name != "keys" && name != "signatures") {
      return wrong("it has members that this program does not know");
    }
  }
  const auto bytes = from_hex(text_of(json, "body"));
  if (!bytes) return wrong("\"body\" is not hex");
  auto body = bcs_decode<TxBody>(*bytes);
  if (!body) return wrong(fmt::format("its body: {}", bcs_error_text(body.error())));
  std::optional<MultisigPolicy> policy;
  if (json.contains("threshold") || json.contains("keys")) {
    TRY(policy, read_policy(json));
  }
  TRY(const auto signatures, read_signatures(json));
  return checked(*std::move(body), std::move(policy), signatures);
}

ErrorOr<TxFile> tx_file_of(const SignedTx& tx) {
  if (const auto* single = std::get_if<SingleAuth>(&tx.auth)) {
    return checked(tx.body, std::nullopt, {{single->key, single->signature}});
  }
  const auto& multi = std::get<MultiAuth>(tx.auth);
  if (!multi.policy.is_valid()) return wrong("its multisig account is none");
  std::vector<KeySignature> signatures;
  for (const IndexedSignature& one : multi.signatures) {
    if (one.index >= multi.policy.keys.size()) return wrong("a signature is of no key");
    signatures.push_back({multi.policy.keys[one.index], one.signature});
  }
  return checked(tx.body, multi.policy, signatures);
}

ErrorOr<void> add_signature(TxFile& file, Signer& signer) {
  const PublicKey key = signer.public_key();
  if (!may_sign(file, key)) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the account {} has no say over {}", to_text(address_of(key)),
                            to_text(file.body.sender)));
  }
  for (const KeySignature& one : file.signatures) {
    if (one.key == key) {
      return fail(ErrorCode::kAlreadyExists,
                  fmt::format("{} has signed it already", to_text(address_of(key))));
    }
  }
  const TxId digest = tx_id(file.body);
  TRY(const EcdsaSig signature, signer.sign(digest));
  return insert(file, digest, {key, signature});
}

ErrorOr<TxFile> combine(const std::vector<TxFile>& files) {
  if (files.empty()) return fail(ErrorCode::kInvalidInput, "there is nothing to combine");
  TxFile out = files.front();
  const TxId digest = tx_id(out.body);
  for (const TxFile& file : files) {
    if (file.body != out.body || file.policy != out.policy) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("they are not of one transaction: {} and {}", to_hex0x(digest),
                              to_hex0x(tx_id(file.body))));
    }
    for (const KeySignature& one : file.signatures) TRY_VOID(insert(out, digest, one));
  }
  return out;
}

ErrorOr<TxQuote> quote(const TxFile& file) {
  return file.policy ? quote(file.body, *file.policy) : quote(file.body);
}

ErrorOr<ReadyTx> finish(const TxFile& file) {
  if (file.missing() != 0) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} of {} signatures are missing; sign it with: fogcoin tx sign FILE",
                            file.missing(), file.needed()));
  }
  if (!file.policy) {
    const KeySignature& one = file.signatures.front();
    return assemble_tx(file.body, SingleAuth{one.key, one.signature});
  }
  std::vector<IndexedSignature> shares;
  const auto& keys = file.policy->keys;
  for (const KeySignature& one : file.signatures) {
    const auto place = std::find(keys.begin(), keys.end(), one.key) - keys.begin();
    shares.push_back({static_cast<std::uint8_t>(place), one.signature});
  }
  TRY(MultiAuth auth, combine_shares(*file.policy, file.body, shares));
  return assemble_tx(file.body, std::move(auth));
}

}  // namespace fog::wallet
