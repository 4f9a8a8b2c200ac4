// The web console's files, which the build makes of contrib/explorer and links into this program.
#pragma once

#include <span>

#include "rpc/server/static_files.h"

namespace fog::node_program {

// Where the build could not make them, one page that says how to.
std::span<const rpc::StaticFile> console_files();

}  // namespace fog::node_program
