#include "chain/ledger/context.h"

namespace fog {

Fault debit(Overlay& state, const Address& from, Amount amount) {
  const StateKey key = account_key(from);
  std::optional<Account> account = load<Account>(state, key);
  if (!account || account->balance < amount) return Fault::kInsufficientFunds;
  account->balance -= amount;
  store(state, key, *account);
  return Fault::kNone;
}

void credit(Overlay& state, const Address& to, Amount amount) {
  const StateKey key = account_key(to);
  std::optional<Account> account = load<Account>(state, key);
  CHECK(account.has_value());
  account->balance += amount;
  store(state, key, *account);
}

void burn(Overlay& state, Amount amount) {
  if (amount == Amount{}) return;
  std::optional<Supply> supply = load<Supply>(state, supply_key());
  CHECK(supply.has_value());
  supply->burned += amount;
  CHECK(supply->burned <= supply->minted);
  store(state, supply_key(), *supply);
}

}  // namespace fog
