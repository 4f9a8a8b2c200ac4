// The runtime for core WebAssembly command modules (WASI preview 1), over the fog_wasm library.
#pragma once

#include "executor/runtime.h"
#include "market/types/objects.h"

namespace fog::executor {

// An engine that runs at most `runs_max` requests at once (0: no bound, slower to start a run).
// kUnavailable when this computer cannot run the profile; the sentence says why.
ErrorOr<std::unique_ptr<Runtime>> make_wasm_runtime(std::uint32_t runs_max);

// The runtime profile of the library that is linked in.
market::RuntimeProfile wasm_profile();
// The same in words, `name=value` lines.
std::string wasm_profile_text();

}  // namespace fog::executor
