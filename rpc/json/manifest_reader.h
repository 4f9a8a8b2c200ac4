// ManifestReader: one section of a service manifest, read key by key as the table of keys
// (manifest_keys.h) says. What is wrong is noted and reading goes on, so that a person sees all of
// it at once. For .cc files only (it brings in the YAML library).
#pragma once

#include "chain/types/amount.h"
#include "rpc/json/manifest_keys.h"
#include "rpc/json/yaml_section.h"

namespace fog::rpc {

// What is wrong with one file.
class ManifestProblems {
 public:
  void add(const Error& error) { errors_.push_back(error.context); }
  bool any() const { return !errors_.empty(); }
  // All of it, a line each, in the order of the file; at most kShown of them.
  Error as_error(std::string_view file) const;

 private:
  static constexpr std::size_t kShown = 20;
  std::vector<std::string> errors_;
};

class ManifestReader {
 public:
  // `name`: the section's in the table. Notes keys that do not belong here and those that are
  // missing.
  ManifestReader(YamlSection section, std::string_view name, ManifestProblems& problems);

  bool has(const char* key) const { return section_.has(key); }
  bool is_map(const char* key) const { return section_.is_map(key); }
  // Each returns `otherwise` (or nothing) where the key is missing or its value is wrong.
  std::uint64_t whole(const char* key, std::uint64_t otherwise) const;
  template <class T>
  void whole_into(const char* key, T& out) const {
    out = static_cast<T>(whole(key, out));
  }
  std::string text(const char* key) const;
  std::optional<Amount> amount(const char* key) const;
  std::optional<std::uint64_t> duration_us(const char* key) const;
  std::optional<std::uint32_t> degrees(const char* key) const;
  bool flag(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  std::vector<std::pair<std::string, std::string>> pairs(const char* key) const;
  // The place in the pattern's words.
  std::optional<std::size_t> choice(const char* key) const;
  // A section under a key; `name` in the table, by default that of the key.
  std::optional<ManifestReader> section(const char* key, std::string_view name = {}) const;
  // The names in it, as the file has them.
  std::vector<std::string> names() const { return section_.names(); }
  // Whether the value is a scalar.
  bool is_single(const char* key) const { return section_.is_scalar(key); }
  // Its text, whatever it is; empty for what is no scalar.
  std::string single(const char* key) const;

  // Notes what is wrong with a key's value.
  void problem(const char* key, std::string_view why) const;
  // The same with an example of the key.
  void problem_with_example(const char* key, std::string_view why) const;

 private:
  template <class T>
  std::optional<T> take(const char* key, ErrorOr<T> value) const;
  const ManifestKey& in_table(const char* key) const { return manifest_key(name_, key); }

  YamlSection section_;
  std::string name_;
  ManifestProblems* problems_;
};

}  // namespace fog::rpc
