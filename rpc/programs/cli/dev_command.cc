// fogcoin dev: a service on the Publisher's own machine. The sandbox is foghost's, and so the work
// is done by the foghost that stands beside this program.
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "rpc/programs/cli/context.h"
#include "rpc/programs/cli/dev_options.h"

namespace fog::cli {
namespace {

ErrorOr<void> become_foghost(const Context& context, const DevOptions& options) {
  const std::string program = foghost_beside();
  if (::access(program.c_str(), X_OK) != 0) {
    return fail(ErrorCode::kNotFound,
                "`fogcoin dev` runs the service in foghost's sandbox, and there is no " + program +
                    ": build or install foghost beside fogcoin");
  }
  std::vector<std::string> words = {program, "dev", "--node", context.options().node};
  if (context.options().json) words.emplace_back("--json");
  for (std::string& word : dev_words(options)) words.push_back(std::move(word));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  return fail(ErrorCode::kIo, "cannot run " + program + ": " + std::strerror(errno));
}

}  // namespace

void add_dev_command(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand(
      "dev",
      "Runs a service here as a Host would, sandbox and meter included, and says what it used and "
      "would cost; needs no chain");
  auto options = std::make_shared<DevOptions>();
  options->cache = home_path("/.fogcoin/dev");
  add_dev_options(*command, *options);
  command->footer(
      "Each request is shown as it ends: method, path, status, fuel, memory, time. Enter (or "
      "SIGUSR1) shows what was used so far, Ctrl-C ends. Prices are those that `fogcoin bid "
      "preview` finds at --node, else --price. Guide: contrib/doc/publisher.md");
  command->callback([&chosen, options] {
    chosen.command = [options](Context& c) { return become_foghost(c, *options); };
  });
}

}  // namespace fog::cli
