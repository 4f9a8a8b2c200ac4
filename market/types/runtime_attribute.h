// The attribute by which a Host says that it runs services of a kind.
#pragma once

#include <string_view>

#include "market/types/objects.h"

namespace fog::market {

// A Host that has it with the value "1" also runs such services; empty for WASI commands, which
// every Host runs.
constexpr std::string_view runtime_attribute(RuntimeKind kind) {
  switch (kind) {
    case RuntimeKind::kWasmCommand:
      return {};
    case RuntimeKind::kWasmHttp:
      return "runtime.wasm-http";
    case RuntimeKind::kContainer:
      return "runtime.container";
  }
  return {};
}

}  // namespace fog::market
