// fogcoin config show: every option's value, and where it comes from.
#include "rpc/programs/cli/command_tree.h"
#include "rpc/programs/cli/context.h"
#include "rpc/programs/cli/settings.h"

namespace fog::cli {
namespace {

ErrorOr<void> show(Context& context, const CLI::App& app, const Settings& settings,
                   const std::vector<std::string>& words) {
  Json json{{"file", settings.path()},
            {"profile", settings.profile()},
            {"profiles", settings.profiles()},
            {"options", Json::array()}};
  Rows rows{{"OPTION", "VALUE", "FROM"}};
  for (const CLI::Option* option : options(app)) {
    const std::string name = option->get_lnames().front();
    if (name == "help" || name == "config" || name == "profile") continue;
    std::string value = option->get_default_str();
    // Given on the command line or in the environment.
    if (option->count() > 0) {
      value.clear();
      for (const std::string& one : option->results()) value += (value.empty() ? "" : " ") + one;
    }
    const std::string source = settings.source_of(*option, words);
    json["options"].push_back({{"name", name}, {"value", value}, {"from", source}});
    rows.push_back({name, value.empty() ? "-" : value, source});
  }
  context.print_list(json, rows);
  return {};
}

}  // namespace

void add_config_command(CLI::App& app, Chosen& chosen, const Settings& settings,
                        const std::vector<std::string>& words) {
  auto* config = app.add_subcommand("config", "Options from the file, the environment and flags");
  config->require_subcommand(1);
  config->add_subcommand("show", "Each option's value and where it comes from")
      ->callback([&app, &chosen, &settings, &words] {
        chosen.command = [&app, &settings, &words](Context& c) {
          return show(c, app, settings, words);
        };
      });
}

}  // namespace fog::cli
