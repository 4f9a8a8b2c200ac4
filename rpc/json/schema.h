// JSON Schema of the public types, made from the same descriptions that write and read them. For
// .cc files only.
#pragma once

#include <algorithm>

#include "rpc/json/types.h"

namespace fog::rpc::detail {

template <class T>
Json schema_of();

inline Json text_schema(const char* title, const char* pattern) {
  return {{"type", "string"}, {"title", title}, {"pattern", pattern}};
}
// An object of these members, all of them there but those in `may_lack`.
inline Json object_schema(std::initializer_list<std::pair<const char*, Json>> members,
                          std::initializer_list<std::string_view> may_lack = {}) {
  Json out{{"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}};
  for (const auto& [name, schema] : members) {
    out["properties"][name] = schema;
    if (std::find(may_lack.begin(), may_lack.end(), name) == may_lack.end())
      out["required"].push_back(name);
  }
  return out;
}
// What clients call the type.
inline Json titled(std::string_view title, Json schema) {
  schema["title"] = title;
  return schema;
}

template <class T>
Json custom_schema() {
  if constexpr (std::same_as<T, Address>) {
    return text_schema("address", "^fog1[02-9ac-hj-np-z]{38}$");
  } else if constexpr (std::same_as<T, Amount>) {
    return text_schema("amount in droplets", "^(0|[1-9][0-9]{0,19})$");
  } else if constexpr (std::same_as<T, Fault>) {
    return titled("Fault", object_schema({{"number", {{"type", "integer"}}},
                                          {"name", {{"type", "string"}}},
                                          {"help", {{"type", "string"}}}},
                                         {"help"}));
  } else if constexpr (std::same_as<T, TxOutcome>) {
    return titled("TxOutcome", object_schema({{"fault", schema_of<Fault>()},
                                              {"failed_message", {{"type", "integer"}}},
                                              {"units", schema_of<std::uint64_t>()},
                                              {"fee_burned", schema_of<Amount>()},
                                              {"fee_tip", schema_of<Amount>()}},
                                             {"failed_message"}));
  } else if constexpr (std::same_as<T, TxStatus>) {
    return titled("TxStatus", object_schema({{"place", schema_of<TxPlace>()},
                                             {"height", schema_of<std::uint64_t>()},
                                             {"index", {{"type", "integer"}}},
                                             {"outcome", schema_of<TxOutcome>()}},
                                            {"height", "index", "outcome"}));
  } else if constexpr (std::same_as<T, SubmitReply>) {
    return titled("SubmitReply", object_schema({{"id", schema_of<TxId>()},
                                                {"fault", schema_of<Fault>()},
                                                {"refused", {{"type", "string"}}}},
                                               {"refused"}));
  } else if constexpr (std::same_as<T, BlockInfo>) {
    return titled("BlockInfo",
                  object_schema({{"id", schema_of<BlockId>()},
                                 {"header", schema_of<BlockHeader>()},
                                 {"txs", schema_of<std::vector<Bytes>>()},
                                 {"certificate", schema_of<std::optional<Certificate>>()},
                                 {"finalization", schema_of<std::optional<Certificate>>()},
                                 {"outcomes", schema_of<std::vector<TxOutcome>>()}}));
  } else if constexpr (std::same_as<T, TxPosition>) {
    return text_schema("place of a transaction", "^(0|[1-9][0-9]{0,19}):(0|[1-9][0-9]{0,9})$");
  } else if constexpr (std::same_as<T, FinalTx>) {
    return titled("FinalTx", object_schema({{"height", schema_of<std::uint64_t>()},
                                            {"index", schema_of<std::uint32_t>()},
                                            {"time_ms", schema_of<std::uint64_t>()},
                                            {"id", schema_of<TxId>()},
                                            {"tx", schema_of<SignedTx>()},
                                            {"outcome", schema_of<TxOutcome>()}}));
  } else if constexpr (std::same_as<T, std::pair<Hash32, Hash32>>) {
    return titled("OtherLeaf", object_schema({{"path", schema_of<Hash32>()},
                                              {"value_hash", schema_of<Hash32>()}}));
  } else {
    return {{"type", "object"}};
  }
}

template <class T>
Json struct_schema() {
  constexpr std::string_view kName = Fields<T>::kName;
  Json out{{"title", kName.substr(kName.rfind(':') + 1)},  // without its namespace
           {"type", "object"},
           {"properties", Json::object()},
           {"required", Json::array()}};
  std::apply(
      [&]<class... F>(const F&... f) {
        ((out["properties"][f.name] =
              schema_of<std::remove_cvref_t<decltype(std::declval<T>().*f.member)>>()),
         ...);
        (out["required"].push_back(f.name), ...);
      },
      Fields<T>::kList);
  return out;
}

template <class E>
Json enum_schema() {
  Json names = Json::array();
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(bcs_last(E{})); ++i) {
    names.push_back(EnumNames<E>::of(static_cast<E>(i)));
  }
  return {{"type", "string"}, {"enum", std::move(names)}};
}

template <class T>
struct Element {
  using Type = typename T::value_type;
};

template <class T>
Json schema_of() {
  if constexpr (HasCustom<T>) {
    return custom_schema<T>();
  } else if constexpr (Described<T>) {
    return struct_schema<T>();
  } else if constexpr (std::same_as<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::same_as<T, std::uint64_t>) {
    return text_schema("64-bit number", "^(0|[1-9][0-9]{0,19})$");
  } else if constexpr (std::unsigned_integral<T>) {
    return {{"type", "integer"}, {"minimum", 0}, {"maximum", std::numeric_limits<T>::max()}};
  } else if constexpr (std::is_enum_v<T>) {
    return enum_schema<T>();
  } else if constexpr (Shape<T>::kOptional) {
    return {{"anyOf", {schema_of<typename Element<T>::Type>(), {{"type", "null"}}}}};
  } else if constexpr (Shape<T>::kFixed) {
    return text_schema("bytes", ("^0x[0-9a-f]{" + std::to_string(T::kSize * 2) + "}$").c_str());
  } else if constexpr (Shape<T>::kBytes) {
    return text_schema("bytes", "^0x([0-9a-f]{2})*$");
  } else if constexpr (Shape<T>::kText) {
    return {{"type", "string"}};
  } else if constexpr (Shape<T>::kList) {
    return {{"type", "array"}, {"items", schema_of<typename Element<T>::Type>()}};
  } else {
    return {{"type", "object"}, {"additionalProperties", schema_of<typename T::mapped_type>()}};
  }
}

}  // namespace fog::rpc::detail
