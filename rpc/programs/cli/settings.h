// Settings: options that stand in a file, for one network or for several.
//
//   # ~/.fogcoin/fogcoin.conf                 any option of `fogcoin --help` that has a value
//   timeout = 120                             for every network
//   profile = main                            the one that is used when nobody says --profile
//   memo = "with # in it"                     quotes keep what would be a comment
//
//   [main]
//   node = https://node.example.org
//   chain = 0x...
//   [test]
//   node = http://127.0.0.1:7780
//   wallet = /home/me/.fogcoin/test.json
//
// A flag on the command line wins over the environment, the environment over the profile, and the
// profile over the rest of the file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "chain/base/error.h"

namespace fog::cli {

constexpr std::size_t kSettingsBytesMax = 256 * 1024;

class Settings {
 public:
  // What the command line and the environment say of the file and the profile, before anything else
  // of them is read: --config FILE (FOGCOIN_CONFIG), else `usual_path` if it is there; --profile
  // NAME (FOGCOIN_PROFILE), else the file's. Errors name the line:
  //   kNotFound      a file that was named is not there; the profile is not in it
  //   kInvalidInput  a line that is neither comment, [profile] nor name = value
  static ErrorOr<Settings> read(const std::vector<std::string>& words,
                                const std::string& usual_path);

  // Gives the program's options their values, as defaults: what is said elsewhere wins.
  // kInvalidInput names an option that there is not, or whose value it does not take.
  ErrorOr<void> apply(CLI::App& app);

  const std::string& path() const { return path_; }        // empty: there is no file
  const std::string& profile() const { return profile_; }  // empty: none
  std::vector<std::string> profiles() const;

  // Where the value of an option comes from, after the command line was parsed: "command line",
  // "environment FOGCOIN_NODE", "file PATH, profile main", "default".
  std::string source_of(const CLI::Option& option, const std::vector<std::string>& words) const;

 private:
  struct Line {
    std::string name;
    std::string value;
    std::size_t number = 0;
  };
  const Line* find(const std::string& profile, const std::string& name) const;

  std::string path_;
  std::string profile_;
  std::map<std::string, std::vector<Line>> sections_;  // "": before the first one
};

}  // namespace fog::cli
