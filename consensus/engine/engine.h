// Engine: brings transactions into an order that is final, by driving an Application.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "chain/base/error.h"
#include "consensus/core/messages.h"
#include "consensus/engine/application.h"

namespace fog {

// A block that has just become final: it is on disk with the votes that make it so.
struct FinalBlock {
  std::uint64_t height = 0;
  std::uint64_t time_ms = 0;
  BlockId id;
  const FinalizeResult* result = nullptr;  // valid during the call
};

// Called on the engine's thread, in the order of heights.
struct EngineEvents {
  std::function<void(const FinalBlock&)> on_final = [](const FinalBlock&) {};
  // A snapshot's state has taken the place of the one there was: what comes next is height + 1.
  std::function<void(std::uint64_t height)> on_installed = [](std::uint64_t) {};
  // The engine has stopped for good. At most once.
  std::function<void(const Error&)> on_failure = [](const Error&) {};
  std::function<void(std::string_view)> log = [](std::string_view) {};
  // A validator has voted against itself; once a validator and epoch.
  std::function<void(const XOnlyKey& validator, const Evidence&)> on_evidence =
      [](const XOnlyKey&, const Evidence&) {};
};

class Engine {
 public:
  virtual ~Engine() = default;
  // Finishes what the log says was begun, then goes on in a thread of its own. Errors say why the
  // engine must not run: damage, a key that is no validator's, votes that the log has lost.
  virtual ErrorOr<void> start() = 0;
  // Returns when the thread is done; everything final is on disk. Safe to call twice.
  virtual void stop() = 0;
  // There may be something to do: a transaction is ready. From any thread, cheap.
  virtual void wake() = 0;
};

}  // namespace fog
