// MarketPreview: answers what a Bid would find, from an index of Offers of its own that follows the
// final blocks, so that questions from outside neither wait for the making of blocks nor hold it
// up.
//
// The index is made at the first question, in pieces between which commits go on: the Offers' keys
// are listed, then the Offers are read. Each question brings it up to date. Until the first one it
// costs nothing, from then on the memory of the engine's own once more. All functions are safe from
// any thread; questions wait for each other.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "chain/base/clock.h"
#include "chain/base/error.h"
#include "consensus/engine/application.h"
#include "consensus/rules/market_index.h"

namespace fog {

class MarketPreview {
 public:
  using ReadState = std::function<void(const ReadView& state, const AppInfo& info)>;
  // `with_state` shows the last final state to its argument, which commits wait for.
  MarketPreview(Clock& clock, std::function<void(const ReadState&)> with_state)
      : clock_(clock), with_state_(std::move(with_state)) {}

  // These have changed in the last final state.
  void on_commit(const Changes& changes);
  // The state is another altogether.
  void forget();
  // kInvalidInput for terms that no Bid could have; kUnavailable while there is no state.
  ErrorOr<market::PreviewReport> ask(const market::PreviewRequest& request);

 private:
  Clock& clock_;
  const std::function<void(const ReadState&)> with_state_;
  std::mutex asking_;
  MarketIndex index_;  // guarded by asking_
  std::mutex pending_mutex_;
  bool follows_ = false;  // guarded by pending_mutex_, and so is what follows
  Changes pending_;
};

}  // namespace fog
