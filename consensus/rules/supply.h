// Supply: minted = accounts + stakes + bonds + escrows + burned, always. Added up record by record:
// over a block's changes in every build, over the whole state on demand.
#pragma once

#include <functional>

#include "chain/state/view.h"

namespace fog {

struct SupplySums {
  u128 accounts = 0;
  u128 stakes = 0;  // bonded or unbonding, with rewards not withdrawn and the epoch's tips
  u128 bonds = 0;
  u128 escrows = 0;  // locked slices and hold-backs included
  u128 minted = 0;
  u128 burned = 0;

  // Adds what one record holds; a record that holds no money adds nothing.
  void add(const StateKey& key, ByteView value);
  u128 held() const { return accounts + stakes + bonds + escrows; }
  bool conserved() const { return held() + burned == minted; }
};

using StateVisitor = std::function<void(const StateKey& key, const Bytes& value)>;
// Adds up a whole state. `visit_all` must call the visitor once with every record.
SupplySums add_up_supply(const std::function<void(const StateVisitor&)>& visit_all);

// Whether a block's changes moved, burned or minted money without making or losing any: what the
// changed records held before, and after.
bool conserves_supply(const ReadView& before, const Changes& changes);

}  // namespace fog
