// OfferTree: Offers in one order, as a B+ tree in which every branch says what the Offers below it
// have at best. A search walks it best first and leaves out the branches that cannot serve.
//
// A derived index: it holds places in a table that its owner keeps, is never stored, and has no say
// in what a search finds. Adding and removing is logarithmic. Not thread safe.
#pragma once

#include <deque>
#include <vector>

#include "market/types/distance.h"

namespace fog::market {

// What a search reads of a Host and its Offer.
struct IndexedOffer {
  HostId host;
  Address owner;
  BoundedText<2> country;
  std::uint8_t price_class = 0;
  Scale scale = kScaleOne;
  Resources free;
  Location location;
  std::uint16_t standing = kStandingOne;
  std::uint64_t standing_as_of_ms = 0;
  std::uint64_t since_height = 0;
  // Shared by all Hosts that say the same of themselves.
  const Attributes* attributes = nullptr;
  const std::vector<RuntimeProfile>* runtimes = nullptr;
  bool operator==(const IndexedOffer&) const = default;
};
using OfferPlace = std::uint32_t;
using OfferTable = std::deque<IndexedOffer>;

// The first bytes of an id as a number, which orders like the id.
std::uint64_t id_prefix(const HostId& id);
// Where a text stands in a set of 64.
std::uint64_t text_bit(std::string_view text);
std::uint64_t profile_bit(const RuntimeProfile& profile);

// What the Offers of a branch have at best, each for itself.
struct OfferSummary {
  OfferPlace first = 0;  // in the tree's order
  Scale scale_min = kScaleMax;
  Scale scale_max = 0;
  std::uint32_t cpu_milli = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t storage_mib = 0;
  std::uint32_t egress_mbps = 0;
  std::uint32_t gpu_milli = 0;
  std::uint64_t countries = 0;  // sets of text_bit() and profile_bit()
  std::uint64_t gpus = 0;
  std::uint64_t runtimes = 0;
  std::uint64_t id_min = ~std::uint64_t{0};  // of id_prefix()
  std::uint64_t id_max = 0;
  Area area{~std::uint32_t{0}, 0, ~std::uint32_t{0}, 0};

  void include(const OfferSummary& other);
};

enum class OfferOrder : std::uint8_t {
  kByScale,  // then by id
  kByCell,   // near each other on the globe, near each other in the tree
};

class OfferTree {
 public:
  static constexpr std::size_t kFanout = 16;

  OfferTree(const OfferTable& table, OfferOrder order) : table_(&table), order_(order) {}

  // By the place's key as it stands in the table: what is about to change is erased before.
  void insert(OfferPlace place);
  void erase(OfferPlace place);
  // The place's Offer has changed in the table, and not in what orders it.
  void refresh(OfferPlace place);
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  std::size_t memory_bytes() const;

  // ---- for a search; numbers are valid until the tree changes ----
  struct Branch {
    std::uint32_t node = 0;
    std::uint32_t height = 0;  // above the leaves
  };
  OfferSummary summary() const { return summarize(root_, height_); }
  Branch root() const { return {root_, height_}; }
  // Calls use(summary, branch) for each branch right below one that is above the leaves.
  template <class Use>
  void branches(const Branch& above, const Use& use) const {
    const Inner& inner = inners_[above.node];
    for (std::size_t i = 0; i < inner.count; ++i)
      use(inner.summaries[i], Branch{inner.children[i], above.height - 1});
  }
  // Calls use(place) for each Offer of a leaf.
  template <class Use>
  void places(const Branch& leaf, const Use& use) const {
    for (std::size_t i = 0; i < leaves_[leaf.node].count; ++i) use(leaves_[leaf.node].places[i]);
  }

 private:
  struct Leaf {
    std::uint32_t count = 0;
    OfferPlace places[kFanout] = {};
  };
  struct Inner {
    std::uint32_t count = 0;
    std::uint32_t children[kFanout] = {};
    OfferSummary summaries[kFanout];
  };

  bool before(OfferPlace a, OfferPlace b) const;
  OfferSummary summarize(std::uint32_t node, std::uint32_t height) const;
  std::size_t child_for(const Inner& inner, OfferPlace place) const;
  // The node's new right neighbour, if it had to be split.
  std::optional<std::uint32_t> insert_at(std::uint32_t node, std::uint32_t height,
                                         OfferPlace place);
  void erase_at(std::uint32_t node, std::uint32_t height, OfferPlace place);
  void refresh_at(std::uint32_t node, std::uint32_t height, OfferPlace place);
  // Whether anything was joined.
  bool merge_small(std::uint32_t node, std::uint32_t height, std::size_t child);
  std::uint32_t count_of(std::uint32_t node, std::uint32_t height) const;
  std::uint32_t new_leaf();
  std::uint32_t new_inner();

  const OfferTable* table_;
  OfferOrder order_;
  std::deque<Leaf> leaves_;
  std::deque<Inner> inners_;
  std::vector<std::uint32_t> free_leaves_, free_inners_;
  std::uint32_t root_ = 0;
  std::uint32_t height_ = 0;
  std::size_t count_ = 0;
};

}  // namespace fog::market
