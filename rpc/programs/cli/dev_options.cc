#include "rpc/programs/cli/dev_options.h"

namespace fog::cli {

void add_dev_options(CLI::App& command, DevOptions& options) {
  command.add_option("MANIFEST", options.manifest, "service.yaml or .json")
      ->required()
      ->check(CLI::ExistingFile);
  command
      .add_option("--listen", options.listen,
                  "ADDRESS:PORT where the service answers; port 0 lets the system choose")
      ->capture_default_str();
  command
      .add_option("--price", options.prices,
                  "what a unit costs, NAME=FOG, where no node says: cpu_core_hour, "
                  "memory_gib_hour, storage_gib_month, gpu_hour, gfuel, egress_gib or "
                  "million_requests; may be given for each")
      ->take_all();
  command
      .add_option("--private", options.private_blocks,
                  "block of addresses that the service may ask besides the open Internet, e.g. "
                  "127.0.0.0/8, if its manifest names a server there; may be given more than once")
      ->take_all();
  command.add_option("--cache", options.cache, "folder for programs and compiled code")
      ->capture_default_str();
  command.add_flag("--watch,!--no-watch", options.watch,
                   "start it anew when manifest or program change (default: yes)");
}

std::vector<std::string> dev_words(const DevOptions& options) {
  std::vector<std::string> out = {"--listen", options.listen, "--cache", options.cache};
  for (const std::string& price : options.prices) out.insert(out.end(), {"--price", price});
  for (const std::string& block : options.private_blocks)
    out.insert(out.end(), {"--private", block});
  if (!options.watch) out.emplace_back("--no-watch");
  out.insert(out.end(), {"--", options.manifest});
  return out;
}

}  // namespace fog::cli
