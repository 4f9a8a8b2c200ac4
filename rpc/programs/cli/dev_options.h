// The options of `fogcoin dev`, which is `foghost dev`: one reads them, the other obeys.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace fog::cli {

struct DevOptions {
  std::string manifest;
  std::string listen = "127.0.0.1:8080";
  std::string cache;                        // folder: programs, compiled code
  std::vector<std::string> prices;          // NAME=FOG
  std::vector<std::string> private_blocks;  // of addresses
  bool watch = true;
};

// `options.cache` must hold its default by then.
void add_dev_options(CLI::App& command, DevOptions& options);
// The words of a command line that these options are read from.
std::vector<std::string> dev_words(const DevOptions& options);

}  // namespace fog::cli
