#include "rpc/json/yaml_section.h"

#include <charconv>
#include <set>

#include "chain/base/edit_distance.h"

namespace fog::rpc {
namespace {

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "-12.345" in thousandths; nothing for more decimals or anything else.
std::optional<std::int64_t> parse_milli(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  std::string decimals(dot == std::string_view::npos ? "" : text.substr(dot + 1));
  if (dot != std::string_view::npos && (decimals.empty() || decimals.size() > 3)) {
    return std::nullopt;
  }
  decimals.resize(3, '0');
  const auto whole = parse_whole(text.substr(0, dot));
  const auto milli = parse_whole(decimals);
  if (!whole || !milli || *whole > 1'000'000) return std::nullopt;
  const auto value = static_cast<std::int64_t>(*whole * 1'000 + *milli);
  return negative ? -value : value;
}

}  // namespace

std::optional<std::string_view> did_you_mean(std::string_view word,
                                             const std::vector<std::string_view>& known) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    // Who leaves out the unit means the key that has it.
    const bool begins = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t d = begins ? 1 : edit_distance(word.substr(0, 64), candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

Fail<Error> YamlSection::refuse_at(const YAML::Mark& mark, std::string_view key,
                                   std::string_view why) const {
  std::string text =
      file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": ";
  const std::string where = path_ + std::string(key);
  if (!where.empty()) text += where + ": ";
  return fail(ErrorCode::kInvalidInput, text + std::string(why));
}

Fail<Error> YamlSection::refuse(const char* key, std::string_view why) const {
  const YAML::Node found = node_[key];
  return refuse_at(found ? found.Mark() : node_.Mark(), key, why);
}

ErrorOr<YamlSection> YamlSection::parse(std::string_view text, std::string_view file) {
  try {
    YamlSection whole(YAML::Load(std::string(text)), std::string(file), "");
    if (!whole.node_.IsMap()) {
      return whole.refuse_at(YAML::Mark(), "",
                             "expected keys with values, e.g. \"name: my-service\"");
    }
    return whole;
  } catch (const YAML::Exception& problem) {
    return YamlSection(YAML::Node(), std::string(file), "")
        .refuse_at(problem.mark, "",
                   "not valid YAML: " + problem.msg +
                       ". A line is `key: value`; what belongs to a key is indented below it by "
                       "spaces (no tabs); a list is [a, b]");
  }
}

Result<void, Error> YamlSection::only(std::initializer_list<std::string_view> known) const {
  const std::vector<Error> all = strangers(known);
  if (!all.empty()) return Fail{all.front()};
  return {};
}

std::vector<Error> YamlSection::strangers(const std::vector<std::string_view>& known) const {
  std::vector<Error> all;
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const auto refuse_key = [&](std::string_view key, std::string_view why) {
      all.push_back(refuse_at(entry.first.Mark(), key, why).error);
    };
    if (!entry.first.IsScalar()) {
      refuse_key("", "a key must be text");
      continue;
    }
    const std::string& key = entry.first.Scalar();
    if (!seen.insert(key).second) {
      refuse_key(key, "stands here twice; keep one of them");
    } else if (!known.empty() && std::find(known.begin(), known.end(), key) == known.end()) {
      const auto meant = did_you_mean(key, known);
      std::string why = "there is no such key";
      if (meant) {
        why += "; did you mean \"" + std::string(*meant) + "\"?";
      } else {
        why += "; there are:";
        for (const std::string_view one : known) why += " " + std::string(one);
      }
      refuse_key(key.substr(0, 80), why);
    }
  }
  return all;
}

std::vector<std::string> YamlSection::names() const {
  std::vector<std::string> out;
  for (const auto& entry : node_) {
    if (entry.first.IsScalar()) out.push_back(entry.first.Scalar());
  }
  return out;
}

bool YamlSection::has(const char* key) const {
  const YAML::Node found = node_[key];
  return found && !found.IsNull();
}
bool YamlSection::is_scalar(const char* key) const {
  const YAML::Node found = node_[key];
  return found && found.IsScalar();
}
bool YamlSection::is_map(const char* key) const {
  const YAML::Node found = node_[key];
  return found && found.IsMap();
}

ErrorOr<YAML::Node> YamlSection::find(const char* key) const {
  if (!has(key)) return refuse(key, "missing");
  return YAML::Node(node_[key]);
}

ErrorOr<YamlSection> YamlSection::section(const char* key) const {
  TRY(YAML::Node found, find(key));
  if (!found.IsMap()) return refuse(key, "expected keys with values");
  return YamlSection(std::move(found), file_, path_ + key + ".");
}

ErrorOr<std::string> YamlSection::scalar(const char* key) const {
  TRY(const YAML::Node found, find(key));
  if (!found.IsScalar()) return refuse(key, "expected a single value");
  return std::string(found.Scalar());
}

ErrorOr<std::string> YamlSection::text(const char* key, std::size_t bytes_max) const {
  TRY(std::string value, scalar(key));
  if (value.size() > bytes_max) {
    return refuse(key, "expected at most " + std::to_string(bytes_max) + " bytes of text");
  }
  return value;
}

ErrorOr<std::uint64_t> YamlSection::number(const char* key, std::uint64_t min,
                                           std::uint64_t max) const {
  TRY(const std::string value, scalar(key));
  const auto parsed = parse_whole(value);
  if (!parsed || *parsed < min || *parsed > max) {
    return refuse(key, "expected a whole number from " + std::to_string(min) + " to " +
                           std::to_string(max) + ", not \"" + value.substr(0, 40) + "\"");
  }
  return *parsed;
}

ErrorOr<std::uint64_t> YamlSection::number_or(const char* key, std::uint64_t otherwise,
                                              std::uint64_t min, std::uint64_t max) const {
  return has(key) ? number(key, min, max) : ErrorOr<std::uint64_t>(otherwise);
}

ErrorOr<Amount> YamlSection::amount(const char* key) const {
  TRY(const std::string value, scalar(key));
  const auto parsed = parse_fog(value);
  if (!parsed) {
    return refuse(key, "expected an amount like \"0.5 FOG\" or \"500 droplets\", not \"" +
                           value.substr(0, 40) + "\"");
  }
  return *parsed;
}

ErrorOr<std::uint32_t> YamlSection::degrees(const char* key, std::uint32_t limit) const {
  TRY(const std::string value, scalar(key));
  const auto milli = parse_milli(value);
  const std::int64_t bound = static_cast<std::int64_t>(limit) * 1'000;
  if (!milli || *milli < -bound || *milli > bound) {
    return refuse(key, "expected degrees from -" + std::to_string(limit) + " to " +
                           std::to_string(limit) + " with at most three decimals, e.g. 52.52");
  }
  return static_cast<std::uint32_t>(*milli + bound);
}

ErrorOr<std::vector<std::string>> YamlSection::texts(const char* key, std::size_t count_max) const {
  TRY(const YAML::Node found, find(key));
  if (!found.IsSequence()) return refuse(key, "expected a list, e.g. [a, b]");
  if (found.size() > count_max) {
    return refuse(key, "expected at most " + std::to_string(count_max) + " entries");
  }
  std::vector<std::string> out;
  for (const auto& item : found) {
    if (!item.IsScalar()) return refuse_at(item.Mark(), key, "expected a list of single values");
    out.push_back(item.Scalar());
  }
  return out;
}

ErrorOr<std::vector<std::pair<std::string, std::string>>> YamlSection::pairs(
    const char* key, std::size_t count_max) const {
  TRY(const YamlSection inner, section(key));
  if (inner.node_.size() > count_max) {
    return refuse(key, "expected at most " + std::to_string(count_max) + " entries");
  }
  std::vector<std::pair<std::string, std::string>> out;
  std::set<std::string> seen;
  for (const auto& entry : inner.node_) {
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) {
      return refuse_at(entry.first.Mark(), key, "expected names with single values");
    }
    const std::string& name = entry.first.Scalar();
    if (!seen.insert(name).second) {
      return inner.refuse_at(entry.first.Mark(), name, "stands here twice");
    }
    out.emplace_back(name, entry.second.Scalar());
  }
  return out;
}

}  // namespace fog::rpc
