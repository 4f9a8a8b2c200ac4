// fogcoin man: manual pages, out of the tree of commands that --help shows.
#include <algorithm>
#include <cctype>
#include <iostream>

#include "chain/base/file.h"
#include "rpc/programs/cli/command_tree.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

// Text as roff takes it: nothing in it is a request or an escape.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += "\\&";
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string environment_of(const CLI::Option& option) {
  return option.get_envname().empty() ? "" : " (variable " + option.get_envname() + ")";
}

void entry(std::string& page, const std::string& head, const std::string& text) {
  page += ".TP\n\\fB" + roff(head) + "\\fR\n" + roff(text) + "\n";
}

void add_options(std::string& page, const CLI::App& command) {
  for (const CLI::Option* place : positionals(command)) {
    entry(page, place->get_name(true, false), place->get_description());
  }
  for (const CLI::Option* option : options(command)) {
    std::string text = option->get_description() + environment_of(*option);
    if (!option->get_default_str().empty()) text += "; default " + option->get_default_str();
    entry(page, usage_of(*option), text);
  }
}

std::string synopsis(const CLI::App& command) {
  std::string out = "\\fB" + roff(full_name(command)) + "\\fR";
  for (const CLI::Option* place : positionals(command)) {
    const std::string name = roff(place->get_name(true, false));
    out += place->get_required() ? " \\fI" + name + "\\fR" : " [\\fI" + name + "\\fR]";
    if (place->get_items_expected_max() > 1) out += " ...";
  }
  if (!subcommands(command).empty()) out += " \\fICOMMAND\\fR";
  return out + " [\\fIOPTIONS\\fR]\n";
}

std::string page_name(const CLI::App& command) {
  std::string out = full_name(command);
  std::replace(out.begin(), out.end(), ' ', '-');
  return out;
}

std::string start_of_page(const CLI::App& command) {
  std::string upper = page_name(command);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return ".TH \"" + roff(upper) + "\" 1 \"\" \"FogCoin\" \"FogCoin Manual\"\n.SH NAME\n" +
         roff(page_name(command)) + " \\- " + roff(command.get_description()) + "\n.SH SYNOPSIS\n" +
         synopsis(command);
}

// A noun with its verbs, or a command that has none.
std::string page_of(const CLI::App& command) {
  std::string page = start_of_page(command);
  if (!positionals(command).empty() || options(command).size() > 1) {
    page += ".SH OPTIONS\n";
    add_options(page, command);
  }
  for (const CLI::App* sub : subcommands(command)) {
    page += ".SH " + roff(full_name(*sub)) + "\n" + roff(sub->get_description()) + "\n.PP\n" +
            synopsis(*sub);
    add_options(page, *sub);
    if (!sub->get_footer().empty()) page += ".PP\n" + roff(sub->get_footer()) + "\n";
  }
  if (!command.get_footer().empty()) page += ".SH NOTES\n" + roff(command.get_footer()) + "\n";
  return page + ".SH SEE ALSO\n.BR fogcoin (1)\n";
}

std::string main_page(const CLI::App& app) {
  std::string page = start_of_page(app) + ".SH COMMANDS\n";
  for (const CLI::App* sub : subcommands(app)) {
    entry(page, sub->get_name(), sub->get_description());
  }
  page += ".SH OPTIONS\nThey may stand before or after a command.\n";
  add_options(page, app);
  page += ".SH EXIT STATUS\n" + roff(app.get_footer()) + "\n.SH SEE ALSO\n";
  std::string comma;
  for (const CLI::App* sub : subcommands(app)) {
    page += comma + ".BR " + roff(page_name(*sub)) + " (1)";
    comma = ",\n";
  }
  return page + "\n";
}

ErrorOr<void> man(Context& context, const CLI::App& app, const std::string& noun,
                  const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> pages;
  if (noun.empty()) pages.emplace_back(page_name(app), main_page(app));
  for (const CLI::App* sub : subcommands(app)) {
    if (noun == sub->get_name() || (noun.empty() && !folder.empty())) {
      pages.emplace_back(page_name(*sub), page_of(*sub));
    }
  }
  if (pages.empty()) {
    return fail(ErrorCode::kNotFound, "there is no command '" + noun + "'; see fogcoin --help");
  }
  if (folder.empty()) {
    std::cout << pages.front().second;
    return {};
  }
  TRY_VOID(make_folder(folder));
  Json json{{"pages", Json::array()}};
  for (const auto& [name, page] : pages) {
    const std::string path = folder + "/" + name + ".1";
    TRY_VOID(write_file_atomically(path, as_bytes(page), FileMode::kShared));
    json["pages"].push_back(path);
  }
  context.print(json, std::to_string(pages.size()) + " pages in " + folder);
  return {};
}

}  // namespace

void add_man_command(CLI::App& app, Chosen& chosen) {
  auto noun = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  auto* command = app.add_subcommand(
      "man", "Manual pages, made of what --help says: fogcoin man wallet | man -l -");
  command->add_option("COMMAND", *noun, "the page of this command (else of all)");
  command->add_option("--out", *folder,
                      "write the pages into this folder, e.g. ~/.local/share/man/man1");
  command->callback([&app, &chosen, noun, folder] {
    chosen.command = [&app, noun, folder](Context& c) { return man(c, app, *noun, *folder); };
  });
}

}  // namespace fog::cli
