// OfferTree: Offers in one order, as a B+ tree in which every branch says what the Offers below it
// have at best. A search walks it best first and leaves out the branches that cannot serve.
//
// It is derived from the Offers, is never stored, and has no say in what a search finds. Adding and
// removing is logarithmic; a change of room is OfferStore::change_room(). Not thread safe.
#pragma once

#include "market/rules/offer_store.h"

namespace fog::market {

enum class OfferOrder : std::uint8_t {
  kByScale,  // then by the id's first bytes
  kByPlace,  // near each other on the globe and in price, near each other in the tree
};

class OfferTree {
 public:
  // In the store an Offer stands in one tree of a family.
  OfferTree(OfferStore& store, OfferFamily family, OfferOrder order)
      : store_(&store), family_(family), order_(order) {}

  // By the place's key as it stands in the store: what is about to change is erased before.
  void insert(OfferPlace place);
  void erase(OfferPlace place);
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  OfferOrder order() const { return order_; }

  // For a search; valid until the tree changes. Not of an empty tree.
  std::uint32_t root() const { return root_; }
  bool root_is_leaf() const { return height_ == 0; }

 private:
  struct Key {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    auto operator<=>(const Key&) const = default;
  };

  Key key_of(OfferPlace place) const;
  std::uint32_t leaf_for(const Key& key) const;
  // Both give a new right neighbour, not yet known to any parent.
  std::uint32_t split_leaf(std::uint32_t leaf);
  std::uint32_t split_branch(std::uint32_t branch);
  // Makes the new right neighbour known above, and splits there what is full.
  void add_right(std::uint32_t left, std::uint32_t right, Key first);
  void add_child(std::uint32_t above, std::size_t at, std::uint32_t child, bool is_leaf,
                 const Key& first);
  // Joins a child with a neighbour where one node can hold both; whether it did.
  bool join_small(std::uint32_t above, std::size_t child, bool is_leaf);
  void free_node(std::uint32_t node, bool is_leaf);

  OfferStore* store_;
  OfferFamily family_;
  OfferOrder order_;
  std::uint32_t root_ = kNoNode;
  std::uint32_t height_ = 0;
  std::size_t count_ = 0;
};

}  // namespace fog::market
