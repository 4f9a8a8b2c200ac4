// The ids that were seen lately: of each only eight bytes of its seeded hash, side by side in one
// table, since every announcement of every peer is looked up here. An id that was not seen passes
// for one that was with a chance of 2^-45 when the table is full, and then comes with its block.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "chain/types/transaction.h"

namespace fog {

class SeenIds {
 public:
  // Remembers at least the last `remembered` ids, and at most twice as many.
  explicit SeenIds(std::size_t remembered) : remembered_(remembered) {}

  bool contains(const TxId& id) const;
  // True if it was not in here.
  bool add(const TxId& id);

 private:
  class Tags {
   public:
    bool contains(std::uint64_t tag) const;
    void add(std::uint64_t tag);  // must not be in here
    std::size_t size() const { return used_; }

   private:
    std::size_t find(std::uint64_t tag) const;
    void grow();

    std::vector<std::uint64_t> slots_;  // a power of two, or none; zero: free
    std::size_t used_ = 0;
  };

  std::size_t remembered_;
  Tags young_, old_;
};

}  // namespace fog
