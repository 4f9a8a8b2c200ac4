// Guests: C programs under tests/data/guests, compiled to WebAssembly command modules when a test
// needs them. Needs what contrib/setup installs: clang-14, lld, wasi-libc.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "chain/base/bytes.h"

namespace fog::testing {

// A folder that goes away with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fog.XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Bytes read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

// The module of tests/data/guests/NAME.c.
inline const Bytes& wasm_guest(const std::string& name) {
  static std::map<std::string, Bytes> built;
  Bytes& module = built[name];
  if (!module.empty()) return module;
  const TempFolder folder;
  const std::string out = folder.path() + "/guest.wasm";
  const std::string command = "clang-14 --target=wasm32-wasi -O1 -Wl,-z,stack-size=4194304 -o " +
                              out + " " + FOG_TEST_DATA + "/guests/" + name + ".c";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  module = read_whole(out);
  EXPECT_FALSE(module.empty());
  return module;
}

#ifdef FOG_COMPONENT_TOOL
// The component of executor/wasm/tests/guests/http/NAME.c.
inline const Bytes& http_guest(const std::string& name) {
  static std::map<std::string, Bytes> built;
  Bytes& component = built[name];
  if (!component.empty()) return component;
  const TempFolder folder;
  const std::string core = folder.path() + "/core.wasm";
  const std::string out = folder.path() + "/component.wasm";
  const std::string source = FOG_TEST_DATA "/../../executor/wasm/tests/guests/http/";
  const std::string command =
      "clang-14 --target=wasm32-wasi -O2 -nostartfiles "
      "-Wl,--no-entry,--strip-debug,-z,stack-size=8388608 -o " +
      core + " " + source + name + ".c && " FOG_COMPONENT_TOOL " " + core + " " + source +
      "proxy.wit " + out;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  component = read_whole(out);
  EXPECT_FALSE(component.empty());
  return component;
}
#endif

}  // namespace fog::testing
