#include "consensus/engine/genesis_file.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "chain/crypto/hash.h"
#include "consensus/rules/parameters.h"

namespace fog {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFileBytesMax = 512ULL * 1024 * 1024;

Fail<Error> bad(const std::string& path, const std::string& why) {
  return fail(ErrorCode::kInvalidInput, "genesis: " + path + ": " + why);
}

std::string dotted(std::string path, const std::string& name) {
  if (!path.empty()) path += '.';
  return path += name;
}

// ---- values ----

ErrorOr<std::uint64_t> parse_number(const Json& json, const std::string& path) {
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    // parse_fog reads droplets as checked decimal digits.
    if (const auto value = digits ? parse_fog(text + " droplets") : std::nullopt)
      return value->droplets;
  }
  return bad(path, "a whole number of at most 64 bits is expected, as a number or decimal string");
}

ErrorOr<Amount> parse_amount(const Json& json, const std::string& path) {
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    const auto amount = digits ? parse_fog(text + " droplets") : parse_fog(text);
    // A bare decimal such as "12.5" could be meant either way.
    if (amount && (digits || text.ends_with("FOG") || text.ends_with("droplets"))) return *amount;
  }
  return bad(path, "an amount is expected, such as \"12.5 FOG\" or \"12500000000\" (droplets)");
}

template <std::size_t N>
ErrorOr<FixedBytes<N>> parse_bytes(const Json& json, const std::string& path) {
  if (json.is_string()) {
    if (const auto bytes = fixed_from_hex<N>(json.get_ref<const std::string&>())) return *bytes;
  }
  return bad(path, std::to_string(N) + " bytes of hex are expected");
}

ErrorOr<Address> parse_address(const Json& json, const std::string& path) {
  if (json.is_string()) {
    if (const auto address = address_from_text(json.get_ref<const std::string&>())) return *address;
  }
  return bad(path, "an address is expected (fog1...)");
}

// ---- objects: the tables of names and places are consensus/rules/parameters.h's ----

template <class T>
ErrorOr<void> read_field(const NumberField<T>& field, const Json& json, const std::string& path,
                         T& out) {
  if (field.amount != nullptr) {
    TRY(out.*field.amount, parse_amount(json, path));
    return {};
  }
  TRY(const std::uint64_t value, parse_number(json, path));
  if (field.wide != nullptr) {
    out.*field.wide = value;
    return {};
  }
  if (value > 0xFFFF'FFFFU) return bad(path, "at most 4294967295 is allowed");
  out.*field.narrow = static_cast<std::uint32_t>(value);
  return {};
}

// Reads the fields that are there; `other` is one more name that the caller reads himself.
template <class T>
ErrorOr<void> read_fields(std::span<const NumberField<T>> fields, const Json& json,
                          const std::string& path, const char* other, T& out) {
  if (!json.is_object()) return bad(path, "an object is expected");
  for (const auto& [name, value] : json.items()) {
    const auto field =
        std::find_if(fields.begin(), fields.end(),
                     [&wanted = name](const auto& known) { return wanted == known.name; });
    if (field != fields.end()) {
      TRY_VOID(read_field(*field, value, dotted(path, name), out));
    } else if (name != other) {
      return bad(dotted(path, name), "there is no such field");
    }
  }
  return {};
}

template <class T>
void write_fields(std::span<const NumberField<T>> fields, const T& in, Json& out) {
  for (const NumberField<T>& field : fields) {
    if (field.amount != nullptr) out[field.name] = format_fog(in.*field.amount);
    if (field.wide != nullptr) out[field.name] = std::to_string(in.*field.wide);
    if (field.narrow != nullptr) out[field.name] = std::to_string(in.*field.narrow);
  }
}

// ---- lists of objects ----

ErrorOr<const Json*> need(const Json& json, const char* name, const std::string& path) {
  const auto field = json.find(name);
  if (field == json.end()) return bad(path + "." + name, "this field is missing");
  return &*field;
}

ErrorOr<void> only(const Json& json, std::initializer_list<const char*> names,
                   const std::string& path) {
  if (!json.is_object()) return bad(path, "an object is expected");
  for (const auto& [name, value] : json.items()) {
    if (std::none_of(names.begin(), names.end(),
                     [&wanted = name](const char* n) { return wanted == n; }))
      return bad(dotted(path, name), "there is no such field");
  }
  return {};
}

// Calls read(element, "path[i]") for each element of a list of at most `max`.
template <class Read>
ErrorOr<void> for_each(const Json& json, const std::string& path, std::size_t max,
                       const Read& read) {
  if (!json.is_array()) return bad(path, "a list is expected");
  if (json.size() > max) return bad(path, "at most " + std::to_string(max) + " are allowed");
  for (std::size_t i = 0; i < json.size(); ++i)
    TRY_VOID(read(json[i], path + "[" + std::to_string(i) + "]"));
  return {};
}

ErrorOr<GenesisAccount> read_account(const Json& json, const std::string& path) {
  TRY_VOID(only(json, {"address", "balance"}, path));
  GenesisAccount account;
  TRY(const Json* address, need(json, "address", path));
  TRY(account.address, parse_address(*address, path + ".address"));
  TRY(const Json* balance, need(json, "balance", path));
  TRY(account.balance, parse_amount(*balance, path + ".balance"));
  return account;
}

ErrorOr<GenesisValidator> read_validator(const Json& json, const std::string& path) {
  TRY_VOID(only(json, {"key", "payout", "stake", "beacon_commitment"}, path));
  GenesisValidator validator;
  TRY(const Json* key, need(json, "key", path));
  TRY(validator.key, parse_bytes<32>(*key, path + ".key"));
  TRY(const Json* payout, need(json, "payout", path));
  TRY(validator.payout, parse_address(*payout, path + ".payout"));
  TRY(const Json* stake, need(json, "stake", path));
  TRY(validator.stake, parse_amount(*stake, path + ".stake"));
  TRY(const Json* beacon, need(json, "beacon_commitment", path));
  TRY(validator.beacon_commitment, parse_bytes<32>(*beacon, path + ".beacon_commitment"));
  return validator;
}

ErrorOr<market::PriceClass> read_class(const Json& json, const std::string& path) {
  TRY_VOID(only(json, {"name", "prices"}, path));
  market::PriceClass out;
  TRY(const Json* name, need(json, "name", path));
  if (!name->is_string() || name->get_ref<const std::string&>().size() > out.name.kMax)
    return bad(path + ".name", "a text of at most 32 bytes is expected");
  out.name = name->get<std::string>();
  TRY(const Json* prices, need(json, "prices", path));
  TRY_VOID(read_fields(price_fields(), *prices, path + ".prices", "", out.prices));
  return out;
}

ErrorOr<void> read_market(const Json& json, market::MarketParams& out) {
  TRY_VOID(read_fields(market_fields(), json, "market", "classes", out));
  TRY(const Json* classes, need(json, "classes", "market"));
  return for_each(*classes, "market.classes", out.classes.kMax,
                  [&](const Json& element, const std::string& path) -> ErrorOr<void> {
                    TRY(auto price_class, read_class(element, path));
                    out.classes.push_back(std::move(price_class));
                    return {};
                  });
}

ErrorOr<void> read_lists(const Json& json, Genesis& genesis) {
  TRY(const Json* validators, need(json, "validators", "genesis"));
  TRY_VOID(for_each(*validators, "validators", genesis.validators.kMax,
                    [&](const Json& element, const std::string& path) -> ErrorOr<void> {
                      TRY(auto validator, read_validator(element, path));
                      genesis.validators.push_back(validator);
                      return {};
                    }));
  TRY(const Json* accounts, need(json, "accounts", "genesis"));
  TRY_VOID(for_each(*accounts, "accounts", genesis.accounts.kMax,
                    [&](const Json& element, const std::string& path) -> ErrorOr<void> {
                      TRY(auto account, read_account(element, path));
                      genesis.accounts.push_back(account);
                      return {};
                    }));
  std::sort(genesis.accounts.begin(), genesis.accounts.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  return {};
}

}  // namespace

ErrorOr<Genesis> parse_genesis(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return fail(ErrorCode::kInvalidInput, "genesis: this is not JSON");
  TRY_VOID(only(json,
                {"chain_name", "time_ms", "params", "market", "staking", "validators", "accounts"},
                ""));
  Genesis genesis;
  TRY(const Json* name, need(json, "chain_name", "genesis"));
  if (!name->is_string() || name->get_ref<const std::string&>().size() > genesis.chain_name.kMax)
    return bad("chain_name", "a text of at most 64 bytes is expected");
  genesis.chain_name = name->get<std::string>();
  TRY(const Json* time, need(json, "time_ms", "genesis"));
  TRY(genesis.time_ms, parse_number(*time, "time_ms"));
  if (const auto params = json.find("params"); params != json.end())
    TRY_VOID(read_fields(chain_fields(), *params, "params", "", genesis.params));
  if (const auto staking = json.find("staking"); staking != json.end())
    TRY_VOID(read_fields(staking_fields(), *staking, "staking", "", genesis.staking));
  TRY(const Json* market, need(json, "market", "genesis"));
  TRY_VOID(read_market(*market, genesis.market));
  TRY_VOID(read_lists(json, genesis));
  if (auto checked = check_genesis(genesis); !checked)
    return fail(ErrorCode::kInvalidInput, "genesis: " + checked.error());
  return genesis;
}

std::string format_genesis(const Genesis& genesis) {
  Json json;
  json["chain_name"] = static_cast<const std::string&>(genesis.chain_name);
  json["time_ms"] = std::to_string(genesis.time_ms);
  write_fields(chain_fields(), genesis.params, json["params"]);
  write_fields(market_fields(), genesis.market, json["market"]);
  json["market"]["classes"] = Json::array();
  for (const market::PriceClass& price_class : genesis.market.classes) {
    Json out;
    out["name"] = static_cast<const std::string&>(price_class.name);
    write_fields(price_fields(), price_class.prices, out["prices"]);
    json["market"]["classes"].push_back(std::move(out));
  }
  write_fields(staking_fields(), genesis.staking, json["staking"]);
  json["validators"] = Json::array();
  for (const GenesisValidator& validator : genesis.validators) {
    json["validators"].push_back({{"key", to_hex0x(validator.key)},
                                  {"payout", to_text(validator.payout)},
                                  {"stake", format_fog(validator.stake)},
                                  {"beacon_commitment", to_hex0x(validator.beacon_commitment)}});
  }
  json["accounts"] = Json::array();
  for (const GenesisAccount& account : genesis.accounts) {
    json["accounts"].push_back(
        {{"address", to_text(account.address)}, {"balance", format_fog(account.balance)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ErrorOr<Genesis> read_genesis_file(Env& env, const std::string& path) {
  TRY(const Bytes bytes, read_file(env, path, kFileBytesMax));
  auto genesis = parse_genesis(as_text(bytes));
  if (!genesis) return Fail{genesis.error().within(path)};
  return genesis;
}

namespace {

// Piece by piece: the file may be large.
ErrorOr<Hash32> hash_of_file(Env& env, const std::string& path) {
  constexpr std::size_t kPiece = 256ULL * 1024;
  TRY(const auto file, env.open_read(path));
  Sha256Stream hash;
  for (std::uint64_t at = 0;; at += kPiece) {
    TRY(const Bytes piece, file->read_at(at, kPiece));
    hash.update(piece);
    if (piece.size() < kPiece) return hash.finish();
  }
}

// The copy: the hash of what follows, the BCS of the head.
std::optional<GenesisHead> decode_head(ByteView copy) {
  if (copy.size() < 32 || fixed_from<32>(copy.first(32)) != sha256(copy.subspan(32)))
    return std::nullopt;
  auto head = bcs_decode<GenesisHead>(copy.subspan(32));
  return head ? std::optional(*std::move(head)) : std::nullopt;
}

}  // namespace

ErrorOr<GenesisHead> read_genesis_head(Env& env, const std::string& path,
                                       const std::string& cache_path) {
  TRY(const Hash32 file_hash, hash_of_file(env, path));
  if (const auto copy = read_file(env, cache_path, kFileBytesMax)) {
    if (auto known = decode_head(*copy); known && known->file_hash == file_hash)
      return *std::move(known);
  }
  GenesisHead head;
  TRY(head.genesis, read_genesis_file(env, path));
  head.file_hash = file_hash;
  head.chain_id = chain_id_of(head.genesis);
  auto accounts = std::exchange(head.genesis.accounts, {});
  const Bytes body = bcs_encode(head);
  Bytes copy = to_bytes(sha256(body));
  append(copy, body);
  TRY_VOID(write_file_atomic(env, cache_path, copy, FileMode::kShared));
  head.genesis.accounts = std::move(accounts);
  head.whole = true;
  return head;
}

}  // namespace fog
