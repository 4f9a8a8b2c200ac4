#include "consensus/engine/validator_key.h"

#include <nlohmann/json.hpp>

#include "chain/base/secret_file.h"
#include "consensus/staking/beacon_chain.h"

namespace fog {
namespace {

constexpr std::size_t kFileBytesMax = 4'096;
constexpr const char* kKind = "fogcoin validator key";

std::optional<Hash32> secret_field(const nlohmann::json& json, const char* name) {
  const auto field = json.find(name);
  if (field == json.end() || !field->is_string()) return std::nullopt;
  return fixed_from_hex<32>(field->get_ref<const std::string&>());
}

}  // namespace

ValidatorKey ValidatorKey::generate(Rng& rng) {
  ValidatorKey key{SecretKey::generate(rng), {}};
  rng.fill(key.beacon_secret.data);
  return key;
}

ErrorOr<ValidatorKey> ValidatorKey::read(Env& env, const std::string& path) {
  TRY_VOID(check_private(env, path));
  TRY(const Bytes bytes, read_file(env, path, kFileBytesMax));
  const auto json = nlohmann::json::parse(as_text(bytes), nullptr, /*allow_exceptions=*/false);
  const auto bad = [&](const std::string& why) {
    return fail(ErrorCode::kCorrupt, path + " is not a validator key: " + why +
                                         ". Restore it from the backup that was made with it");
  };
  if (!json.is_object()) return bad("it is not a JSON object");
  if (json.value("kind", "") != kKind) return bad("its field \"kind\" says something else");
  const auto secret_bytes = secret_field(json, "secret");
  const auto beacon = secret_field(json, "beacon_secret");
  if (!secret_bytes) return bad("its field \"secret\" is not 32 bytes of hex");
  if (!beacon) return bad("its field \"beacon_secret\" is not 32 bytes of hex");
  const auto secret = SecretKey::from_bytes(*secret_bytes);
  if (!secret) return bad("its field \"secret\" is not a secret of the curve");
  return ValidatorKey{*secret, *beacon};
}

ErrorOr<void> ValidatorKey::write(Env& env, const std::string& path) const {
  nlohmann::ordered_json json;
  json["kind"] = kKind;
  json["public_key"] = to_hex0x(secret.x_only_key());
  json["secret"] = to_hex0x(secret.bytes());
  json["beacon_secret"] = to_hex0x(beacon_secret);
  const std::string text = json.dump(2) + "\n";
  TRY_VOID(env.create_file(path, as_bytes(text), FileMode::kPrivate));
  return env.sync_dir(parent_dir(path));
}

GenesisValidator ValidatorKey::genesis_entry(const Address& payout, Amount stake) const {
  GenesisValidator entry;
  entry.key = secret.x_only_key();
  entry.payout = payout;
  entry.stake = stake;
  entry.beacon_commitment = BeaconChain(beacon_seed(beacon_secret, 0)).commitment();
  return entry;
}

}  // namespace fog
