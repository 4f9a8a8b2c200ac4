#include "rpc/programs/cli/command_tree.h"

#include <algorithm>

#include "chain/base/edit_distance.h"

namespace fog::cli {
namespace {

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  // What a command does not have its parents may (fallthrough).
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      if (!option->get_positional() && option->check_name(name)) return option;
    }
  }
  return nullptr;
}

bool is_near(std::string_view meant, std::string_view said) {
  if (meant == said) return true;
  const std::size_t tolerated = std::max<std::size_t>(1, std::min(meant.size(), said.size()) / 3);
  return edit_distance(meant, said) <= tolerated || (said.size() >= 3 && meant.starts_with(said));
}

std::vector<std::string> nearest(const std::vector<std::string>& names, const std::string& said) {
  std::vector<std::string> near;
  for (const std::string& name : names) {
    if (is_near(name, said)) near.push_back(name);
  }
  std::stable_sort(near.begin(), near.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(a, said) < edit_distance(b, said);
  });
  if (near.size() > 3) near.resize(3);
  return near;
}

// Every command below whose own name is near.
// NOLINTNEXTLINE(misc-no-recursion): the tree is ours and three deep.
void find_below(const CLI::App& command, const std::string& said, std::vector<std::string>& out) {
  for (const CLI::App* sub : subcommands(command)) {
    if (sub->get_name() == said || edit_distance(sub->get_name(), said) <= 1) {
      out.push_back(full_name(*sub));
    }
    find_below(*sub, said, out);
  }
}

std::string sentence(const std::vector<std::string>& near) {
  if (near.empty()) return "";
  std::string out = "Did you mean: ";
  for (std::size_t i = 0; i < near.size(); ++i) out += (i == 0 ? "" : ", ") + near[i];
  return out;
}

}  // namespace

std::vector<const CLI::App*> subcommands(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

std::vector<const CLI::Option*> options(const CLI::App& command) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional() && !option->get_group().empty()) out.push_back(option);
  }
  return out;
}

std::vector<const CLI::Option*> positionals(const CLI::App& command) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) out.push_back(option);
  }
  return out;
}

std::string full_name(const CLI::App& command) {
  std::string out = command.get_name();
  for (const CLI::App* at = command.get_parent(); at != nullptr; at = at->get_parent()) {
    out = at->get_name() + " " + out;
  }
  return out;
}

bool is_flag(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}

std::string usage_of(const CLI::Option& option) {
  std::string out;
  for (const std::string& name : option.get_snames()) out += (out.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) out += (out.empty() ? "--" : ", --") + name;
  if (is_flag(option)) return out;
  const auto values = choices(option);
  if (values.empty()) return out + " VALUE";
  out += " ";
  for (std::size_t i = 0; i < values.size(); ++i) out += (i == 0 ? "" : "|") + values[i];
  return out;
}

std::vector<std::string> choices(const CLI::Option& option) {
  // "TEXT:{slow,normal,fast}"
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.rfind('}');
  std::vector<std::string> out;
  if (open == std::string::npos || close == std::string::npos || close < open) return out;
  for (std::size_t from = open + 1; from < close;) {
    const std::size_t to = std::min(type.find(',', from), close);
    out.push_back(type.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

Walk walk(const CLI::App& program, const std::vector<std::string>& words) {
  Walk out;
  out.command = &program;
  bool only_arguments = false;
  for (const std::string& word : words) {
    if (out.awaits != nullptr) {
      out.awaits = nullptr;
      continue;
    }
    if (word == "--" && !only_arguments) {
      only_arguments = true;
      continue;
    }
    if (!only_arguments && word.size() > 1 && word.front() == '-') {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = find_option(*out.command, name);
      if (option == nullptr && out.unknown.empty()) {
        out.unknown = name;
        out.unknown_option = true;
      }
      if (option != nullptr && !is_flag(*option) && name.size() == word.size()) out.awaits = option;
      continue;
    }
    const auto below = subcommands(*out.command);
    const auto found = std::find_if(below.begin(), below.end(), [&](const CLI::App* sub) {
      return !only_arguments && sub->check_name(word);
    });
    if (found != below.end() && out.arguments == 0 && out.unknown.empty()) {
      out.command = *found;
    } else if (!below.empty() && positionals(*out.command).empty()) {
      if (out.unknown.empty()) out.unknown = word;
    } else {
      ++out.arguments;
    }
  }
  return out;
}

std::string did_you_mean(const CLI::App& program, const std::vector<std::string>& words) {
  const Walk at = walk(program, words);
  if (at.unknown.empty()) return "";
  std::vector<std::string> names;
  if (at.unknown_option) {
    for (const CLI::App* one = at.command; one != nullptr; one = one->get_parent()) {
      for (const CLI::Option* option : options(*one)) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
    }
    return sentence(nearest(names, at.unknown));
  }
  for (const CLI::App* sub : subcommands(*at.command)) names.push_back(sub->get_name());
  std::vector<std::string> near = nearest(names, at.unknown);
  for (std::string& one : near) one = full_name(*at.command) + " " + one;
  // A verb without its noun, or below another noun.
  if (near.empty()) find_below(program, at.unknown, near);
  if (near.size() > 3) near.resize(3);
  return sentence(near);
}

}  // namespace fog::cli
