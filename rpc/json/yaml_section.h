// YamlSection: one mapping of a YAML (or JSON) document, read key by key. Every refusal names file,
// line, column and key. For .cc files only (it brings in the YAML library).
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "chain/base/error.h"
#include "chain/types/address.h"
#include "chain/types/amount.h"

namespace fog::rpc {

class YamlSection {
 public:
  // The whole document. kInvalidInput for text that is not YAML, or is not a mapping.
  static ErrorOr<YamlSection> parse(std::string_view text, std::string_view file);

  // Refuses keys outside of `known`, with the nearest known one, and a key that stands twice.
  Result<void, Error> only(std::initializer_list<std::string_view> known) const;
  // All of what only() would refuse; an empty list knows every key.
  std::vector<Error> strangers(const std::vector<std::string_view>& known) const;
  // The keys, as the document has them.
  std::vector<std::string> names() const;
  bool has(const char* key) const;
  bool is_scalar(const char* key) const;
  bool is_map(const char* key) const;
  // The mapping under a key; the key must be there.
  ErrorOr<YamlSection> section(const char* key) const;
  ErrorOr<std::string> text(const char* key, std::size_t bytes_max) const;
  ErrorOr<std::uint64_t> number(const char* key, std::uint64_t min, std::uint64_t max) const;
  // As number, or `otherwise` where the key is missing.
  ErrorOr<std::uint64_t> number_or(const char* key, std::uint64_t otherwise, std::uint64_t min,
                                   std::uint64_t max) const;
  // "0.5 FOG", "12", "500 droplets".
  ErrorOr<Amount> amount(const char* key) const;
  // Decimal degrees with at most three decimals, between -limit and limit, as thousandths + limit *
  // 1000.
  ErrorOr<std::uint32_t> degrees(const char* key, std::uint32_t limit) const;
  // A list of scalars.
  ErrorOr<std::vector<std::string>> texts(const char* key, std::size_t count_max) const;
  // A mapping of scalars, in order of the file.
  ErrorOr<std::vector<std::pair<std::string, std::string>>> pairs(const char* key,
                                                                  std::size_t count_max) const;
  // The refusal of a key's value by the caller: "file:line:column: path: why".
  Fail<Error> refuse(const char* key, std::string_view why) const;

 private:
  YamlSection(YAML::Node node, std::string file, std::string path)
      : node_(std::move(node)), file_(std::move(file)), path_(std::move(path)) {}
  Fail<Error> refuse_at(const YAML::Mark& mark, std::string_view key, std::string_view why) const;
  ErrorOr<YAML::Node> find(const char* key) const;
  ErrorOr<std::string> scalar(const char* key) const;

  YAML::Node node_;
  std::string file_;
  std::string path_;  // "" or "limits."
};

// The known word nearest to `word`, if it is near enough to be meant.
std::optional<std::string_view> did_you_mean(std::string_view word,
                                             const std::vector<std::string_view>& known);

}  // namespace fog::rpc
