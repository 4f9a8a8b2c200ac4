#include "rpc/json/manifest_reader.h"

#include <algorithm>
#include <charconv>

#include "rpc/json/plain_time.h"

namespace fog::rpc {
namespace {

// The line that "file:LINE:..." names.
std::size_t line_of(std::string_view text, std::size_t file_size) {
  std::size_t line = 0;
  if (text.size() > file_size + 1) {
    std::from_chars(text.data() + file_size + 1, text.data() + text.size(), line);
  }
  return line;
}

constexpr std::size_t kManifestTextMax = 4'096;

}  // namespace

Error ManifestProblems::as_error(std::string_view file) const {
  std::vector<std::string> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const std::string& a, const std::string& b) {
    return line_of(a, file.size()) < line_of(b, file.size());
  });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kShown); ++i) {
    text += (i == 0 ? "" : "\n") + sorted[i];
  }
  if (sorted.size() > kShown) {
    text += "\n(and " + std::to_string(sorted.size() - kShown) + " more)";
  }
  return Error{ErrorCode::kInvalidInput, text};
}

ManifestReader::ManifestReader(YamlSection section, std::string_view name,
                               ManifestProblems& problems)
    : section_(std::move(section)), name_(name), problems_(&problems) {
  std::vector<std::string_view> known;
  for (const ManifestKey& key : manifest_keys()) {
    if (key.section == name) known.push_back(key.name);
  }
  // A section of free names (attributes) has none in the table.
  for (const Error& stranger : section_.strangers(known)) problems_->add(stranger);
  for (const ManifestKey& key : manifest_keys()) {
    if (key.section != name || !key.is_required || has(std::string(key.name).c_str())) continue;
    problem_with_example(std::string(key.name).c_str(), "missing. " + std::string(key.meaning));
  }
}

void ManifestReader::problem(const char* key, std::string_view why) const {
  problems_->add(section_.refuse(key, why).error);
}

void ManifestReader::problem_with_example(const char* key, std::string_view why) const {
  std::string text(why);
  if (text.back() == '.') text.pop_back();
  problem(key, text + "; e.g. " + key + ": " + std::string(in_table(key).example));
}

template <class T>
std::optional<T> ManifestReader::take(const char* key, ErrorOr<T> value) const {
  if (value) return *std::move(value);
  problems_->add(Error{ErrorCode::kInvalidInput, value.error().context + "; e.g. " + key + ": " +
                                                     std::string(in_table(key).example)});
  return std::nullopt;
}

std::uint64_t ManifestReader::whole(const char* key, std::uint64_t otherwise) const {
  if (!has(key)) return otherwise;
  const ManifestKey& k = in_table(key);
  return take(key, section_.number(key, k.min, k.max)).value_or(otherwise);
}

std::string ManifestReader::text(const char* key) const {
  if (!has(key)) return {};
  const ManifestKey& k = in_table(key);
  std::optional<std::string> value = take(key, section_.text(key, k.max));
  if (value && value->size() < k.min) {
    problem_with_example(key, "expected at least " + std::to_string(k.min) + " bytes of text");
    return {};
  }
  return std::move(value).value_or(std::string());
}

std::optional<Amount> ManifestReader::amount(const char* key) const {
  if (!has(key)) return std::nullopt;
  return take(key, section_.amount(key));
}

std::optional<std::uint64_t> ManifestReader::duration_us(const char* key) const {
  if (!has(key)) return std::nullopt;
  const ManifestKey& k = in_table(key);
  const std::optional<std::string> value = take(key, section_.text(key, 64));
  if (!value) return std::nullopt;
  const auto us = parse_duration_us(*value);
  if (us && *us >= k.min && *us <= k.max) return us;
  problem_with_example(key, "expected a duration with its unit (us, ms, s, m, h, d) from " +
                                duration_text(k.min) + " to " + duration_text(k.max) + ", not \"" +
                                *value + "\"");
  return std::nullopt;
}

std::optional<std::uint32_t> ManifestReader::degrees(const char* key) const {
  if (!has(key)) return std::nullopt;
  return take(key, section_.degrees(key, static_cast<std::uint32_t>(in_table(key).max)));
}

bool ManifestReader::flag(const char* key) const {
  if (!has(key)) return false;
  const std::optional<std::string> value = take(key, section_.text(key, 64));
  if (!value) return false;
  if (*value != "true" && *value != "false") {
    problem_with_example(key, "expected true or false, not \"" + *value + "\"");
  }
  return *value == "true";
}

std::vector<std::string> ManifestReader::texts(const char* key) const {
  if (!has(key)) return {};
  const ManifestKey& k = in_table(key);
  std::vector<std::string> out =
      take(key, section_.texts(key, k.max)).value_or(std::vector<std::string>());
  if (out.size() < k.min) problem_with_example(key, "expected a list of at least one value");
  return out;
}

std::vector<std::pair<std::string, std::string>> ManifestReader::pairs(const char* key) const {
  if (!has(key)) return {};
  return take(key, section_.pairs(key, in_table(key).max))
      .value_or(std::vector<std::pair<std::string, std::string>>());
}

std::optional<std::size_t> ManifestReader::choice(const char* key) const {
  if (!has(key)) return std::nullopt;
  const std::optional<std::string> value = take(key, section_.text(key, 64));
  if (!value) return std::nullopt;
  std::string names;
  std::size_t place = 0;
  const std::string_view words = in_table(key).pattern;
  for (std::size_t from = 0; from <= words.size(); ++place) {
    const std::size_t to = std::min(words.find('|', from), words.size());
    const std::string_view word = words.substr(from, to - from);
    if (*value == word) return place;
    names += (names.empty() ? "" : ", ") + std::string(word);
    from = to + 1;
  }
  problem(key, "expected one of: " + names + "; not \"" + *value + "\"");
  return std::nullopt;
}

std::string ManifestReader::single(const char* key) const {
  auto value = section_.text(key, kManifestTextMax);
  return value ? *std::move(value) : std::string();
}

std::optional<ManifestReader> ManifestReader::section(const char* key,
                                                      std::string_view name) const {
  if (!has(key)) return std::nullopt;
  auto below = section_.section(key);
  const std::string own = (name_.empty() ? "" : name_ + ".") + key;
  if (below) return ManifestReader(*std::move(below), name.empty() ? own : name, *problems_);
  if (name.empty()) {
    (void)take(key, ErrorOr<YamlSection>(Fail{below.error()}));
  } else {
    problems_->add(below.error());
  }
  return std::nullopt;
}

}  // namespace fog::rpc
