#include "rpc/programs/cli/settings.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "rpc/programs/cli/command_tree.h"
#include "wallet/describe.h"

namespace fog::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

// The value of --name VALUE or --name=VALUE; the last one counts.
std::optional<std::string> said(const std::vector<std::string>& words, const std::string& name) {
  std::optional<std::string> out;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == name && i + 1 < words.size()) out = words[i + 1];
    if (words[i].starts_with(name + "=")) out = words[i].substr(name.size() + 1);
  }
  return out;
}

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Without the comment behind it; what stands in quotes is kept whole.
std::string_view value_of(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('"')) {
    const std::size_t end = text.find('"', 1);
    if (end != std::string_view::npos) return text.substr(1, end - 1);
  }
  for (const std::string_view comment : {" #", "\t#"}) text = text.substr(0, text.find(comment));
  return trimmed(text);
}

// What is set by itself and cannot be set by a file.
bool is_own(const std::string& name) {
  return name == "config" || name == "help";
}

}  // namespace

ErrorOr<Settings> Settings::read(const std::vector<std::string>& words,
                                 const std::string& usual_path) {
  Settings out;
  std::string named = said(words, "--config").value_or(from_environment("FOGCOIN_CONFIG"));
  std::error_code ignored;
  if (named.empty() && std::filesystem::exists(usual_path, ignored)) named = usual_path;
  if (!named.empty()) {
    TRY(const Bytes bytes, read_file(named, kSettingsBytesMax));
    out.path_ = named;
    std::string section;
    std::size_t number = 0;
    const std::string text(as_text(bytes));
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t to = std::min(text.find('\n', from), text.size());
      const std::string_view line = trimmed(std::string_view(text).substr(from, to - from));
      from = to + 1;
      ++number;
      if (line.empty() || line.front() == '#' || line.front() == ';') continue;
      if (line.front() == '[' && line.back() == ']' && line.size() > 2) {
        section = std::string(trimmed(line.substr(1, line.size() - 2)));
        out.sections_[section];
        continue;
      }
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos || trimmed(line.substr(0, equals)).empty()) {
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("{}:{}: expected \"name = value\", \"[profile]\" or \"# comment\"",
                                named, number));
      }
      const std::string_view value = value_of(line.substr(equals + 1));
      out.sections_[section].push_back(
          {std::string(trimmed(line.substr(0, equals))), std::string(value), number});
    }
  }
  out.profile_ = said(words, "--profile").value_or(from_environment("FOGCOIN_PROFILE"));
  if (const Line* line = out.find("", "profile"); line && out.profile_.empty()) {
    out.profile_ = line->value;
  }
  if (!out.profile_.empty() && !out.sections_.contains(out.profile_)) {
    std::string known;
    for (const std::string& one : out.profiles()) known += (known.empty() ? "" : ", ") + one;
    return fail(
        ErrorCode::kNotFound,
        fmt::format("there is no profile '{}' in {}; it has: {}", wallet::printable(out.profile_),
                    out.path_.empty() ? usual_path : out.path_, known.empty() ? "none" : known));
  }
  return out;
}

std::vector<std::string> Settings::profiles() const {
  std::vector<std::string> out;
  for (const auto& [name, lines] : sections_) {
    if (!name.empty()) out.push_back(name);
  }
  return out;
}

// The last line of that name, as on a command line.
const Settings::Line* Settings::find(const std::string& profile, const std::string& name) const {
  const auto section = sections_.find(profile);
  if (section == sections_.end()) return nullptr;
  const Line* out = nullptr;
  for (const Line& line : section->second) {
    if (line.name == name) out = &line;
  }
  return out;
}

ErrorOr<void> Settings::apply(CLI::App& app) {
  std::vector<std::string> sections{""};
  if (!profile_.empty()) sections.push_back(profile_);
  for (const std::string& section : sections) {
    const auto found = sections_.find(section);
    if (found == sections_.end()) continue;
    for (const Line& line : found->second) {
      if (line.name == "profile" && section.empty()) continue;
      const std::string where = fmt::format("{}:{}: ", path_, line.number);
      CLI::Option* option = app.get_option_no_throw("--" + line.name);
      if (option == nullptr || is_own(line.name) || line.name == "profile") {
        const std::string near = did_you_mean(app, {"--" + line.name});
        return fail(ErrorCode::kInvalidInput,
                    where + "there is no option '" + wallet::printable(line.name) + "' to set" +
                        (near.empty() ? "; fogcoin --help lists them" : ". " + near));
      }
      try {
        option->run_callback_for_default()->default_val(line.value);
      } catch (const CLI::Error& error) {
        return fail(ErrorCode::kInvalidInput, where + error.what());
      }
    }
  }
  return {};
}

std::string Settings::source_of(const CLI::Option& option,
                                const std::vector<std::string>& words) const {
  for (const std::string& word : words) {
    if (word == "--") break;
    const std::string name = word.substr(0, word.find('='));
    if (name.size() > 1 && name.front() == '-' && option.check_name(name)) return "command line";
  }
  if (!option.get_envname().empty() && !from_environment(option.get_envname().c_str()).empty()) {
    return "environment " + option.get_envname();
  }
  for (const std::string& name : option.get_lnames()) {
    if (!profile_.empty() && find(profile_, name) != nullptr) {
      return "file " + path_ + ", profile " + profile_;
    }
    if (find("", name) != nullptr) return "file " + path_;
  }
  return "default";
}

}  // namespace fog::cli
