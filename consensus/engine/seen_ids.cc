#include "consensus/engine/seen_ids.h"

#include <utility>

#include "chain/base/seeded_hash.h"

namespace fog {
namespace {

constexpr std::size_t kFirstSlots = 64;

std::uint64_t tag_of(const TxId& id) {
  const std::uint64_t hash = seeded_hash(id);
  return hash == 0 ? 1 : hash;  // zero is a free slot
}

}  // namespace

// Where it stands, or the free slot where it would. There is always a free one.
std::size_t SeenIds::Tags::find(std::uint64_t tag) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = tag & mask;
  while (slots_[at] != 0 && slots_[at] != tag) at = (at + 1) & mask;
  return at;
}

bool SeenIds::Tags::contains(std::uint64_t tag) const {
  return !slots_.empty() && slots_[find(tag)] == tag;
}

void SeenIds::Tags::add(std::uint64_t tag) {
  if ((used_ + 1) * 2 > slots_.size()) grow();
  slots_[find(tag)] = tag;
  ++used_;
}

void SeenIds::Tags::grow() {
  const std::vector<std::uint64_t> before = std::exchange(
      slots_, std::vector<std::uint64_t>(slots_.empty() ? kFirstSlots : 2 * slots_.size()));
  for (const std::uint64_t tag : before) {
    if (tag != 0) slots_[find(tag)] = tag;
  }
}

bool SeenIds::contains(const TxId& id) const {
  const std::uint64_t tag = tag_of(id);
  return young_.contains(tag) || old_.contains(tag);
}

bool SeenIds::add(const TxId& id) {
  const std::uint64_t tag = tag_of(id);
  if (young_.contains(tag)) return false;
  const bool fresh = !old_.contains(tag);
  young_.add(tag);
  if (young_.size() >= remembered_) old_ = std::exchange(young_, Tags());
  return fresh;
}

}  // namespace fog
