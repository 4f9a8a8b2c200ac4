// SleeperTree: the sleeping Bids under one Lead, as a tree whose shape follows from the Bids that
// stand in it alone, whatever came and went before, so that a block may count the nodes it looks
// at.
//
// A Bid stands below the branches that its digits name, one after the other: those of its row's
// `id` (what it demands, like by like), then those of its own id. Where no more than a leaf holds
// have the same digits so far, they stand in one leaf. Not thread safe.
#pragma once

#include "market/rules/offer_store.h"
#include "market/types/terms.h"

namespace fog::market {

class SleeperTree {
 public:
  // Which Bid stands at a place of the store.
  using BidAt = const Hash32& (*)(const void* owner, OfferPlace place);

  SleeperTree(OfferStore& store, const void* owner, BidAt bid_at)
      : store_(&store), owner_(owner), bid_at_(bid_at) {}

  // By its row in the store and its Bid, neither of which may change meanwhile.
  void insert(OfferPlace place);
  void erase(OfferPlace place);
  bool empty() const { return count_ == 0; }

  // A node and what it is. A branch's children may be of either kind.
  struct Node {
    std::uint32_t number = kNoNode;
    bool is_leaf = true;
  };
  // For a walk; valid until the tree changes. Not of an empty tree.
  Node root() const { return root_; }
  static Node child_of(const OfferBranch& branch, std::size_t child) {
    return {branch.children[child], branch.first_minor[child] != 0};
  }

 private:
  std::uint32_t digit_of(OfferPlace place, std::size_t depth) const;
  // The leaf for a place below a branch, made if there is none; or the branch below it.
  Node child_for(std::uint32_t branch, OfferPlace place, std::size_t depth);
  // The leaf's rows stand below a new branch in its place.
  std::uint32_t burst(std::uint32_t leaf, std::size_t depth);
  // The branch's rows, which one leaf holds, stand in a new one in its place.
  std::uint32_t gather(std::uint32_t branch);
  bool fits_leaf(const OfferBranch& branch) const;
  void replace(Node was, Node is);

  OfferStore* store_;
  const void* owner_;
  BidAt bid_at_;
  Node root_;
  std::size_t count_ = 0;
};

}  // namespace fog::market
