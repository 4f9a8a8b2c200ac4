// What a node serves that was built without its web console.
#include "rpc/programs/node/console_files.h"

namespace fog::node_program {
namespace {

constexpr rpc::StaticFile kFiles[] = {
    {.path = "/",
     .type = "text/html; charset=utf-8",
     .tag = "W/\"missing\"",
     .policy = "default-src 'none'; frame-ancestors 'none'",
     .plain =
         "<!doctype html><html lang=\"en\"><title>FogCoin node</title><p>This node was built "
         "without its web console: install node 20.19 or newer with npm, then run contrib/build "
         "again. JSON-RPC is at POST /.</p></html>\n",
     .gzip = {}},
};

}  // namespace

std::span<const rpc::StaticFile> console_files() {
  return kFiles;
}

}  // namespace fog::node_program
