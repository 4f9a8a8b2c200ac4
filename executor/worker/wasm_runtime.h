// The runtime for WebAssembly, over the fog_wasm library: core command modules (WASI preview 1) or
// components of the world wasi:http/proxy.
#pragma once

#include "executor/runtime.h"
#include "market/types/objects.h"

namespace fog::executor {

// An engine for one kind of workload, not kContainer, that runs at most `runs_max` requests at once
// (0: no bound, slower to start a run). kUnavailable when this computer cannot run the profile; the
// sentence says why.
ErrorOr<std::unique_ptr<Runtime>> make_wasm_runtime(market::RuntimeKind kind,
                                                    std::uint32_t runs_max);

// The runtime profile of the library that is linked in.
market::RuntimeProfile wasm_profile();
// The same in words, `name=value` lines.
std::string wasm_profile_text();

}  // namespace fog::executor
