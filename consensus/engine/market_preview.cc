#include "consensus/engine/market_preview.h"

namespace fog {
namespace {

// At a time, while commits wait: keys that are listed, and Offers that are read into the index.
constexpr std::size_t kKeysAtOnce = 4'000;
constexpr std::size_t kOffersAtOnce = 500;

}  // namespace

void MarketPreview::on_commit(const Changes& changes) {
  const std::lock_guard lock(pending_mutex_);
  if (follows_) MarketIndex::collect(changes, pending_);
}

void MarketPreview::forget() {
  const std::lock_guard asking(asking_);
  const std::lock_guard lock(pending_mutex_);
  follows_ = false;
  pending_.clear();
  index_ = MarketIndex();
}

ErrorOr<market::PreviewReport> MarketPreview::ask(const market::PreviewRequest& request) {
  const std::lock_guard asking(asking_);
  if (!index_.is_loaded()) {
    const std::lock_guard lock(pending_mutex_);
    follows_ = true;
  }
  MarketIndex::Question question;
  question.request = request;
  bool has_state = true;
  for (bool is_read = false; has_state && !is_read;) {
    with_state_([&](const ReadView& state, const AppInfo& info) {
      has_state = question.read(state);
      if (!has_state) return;
      if (!index_.is_loaded() && !index_.load_some(state, kKeysAtOnce)) return;
      Changes pending;
      {
        const std::lock_guard lock(pending_mutex_);
        pending = std::exchange(pending_, {});
      }
      index_.touch(pending);
      is_read = index_.refresh(state, kOffersAtOnce) == 0;
      question.block.height = info.height + 1;
      question.block.time_ms = std::max(clock_.wall_ms(), info.time_ms + 1);
      question.block.beacon = info.block;
    });
  }
  if (!has_state) return fail(ErrorCode::kUnavailable, "the node has no state yet; try again");
  auto report = index_.preview(question);
  if (report) return *std::move(report);
  return fail(ErrorCode::kInvalidInput,
              "no bid can have these terms: " + std::string(fault_name(report.error())) + ". " +
                  std::string(fault_help(report.error())));
}

}  // namespace fog
