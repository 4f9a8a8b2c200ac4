// Signed transactions to offer to a mempool, and the plain list that it must agree with.
#pragma once

#include <map>

#include "consensus/pool/mempool.h"
#include "tests/support/test_chain.h"

namespace fog::testing {

struct Offer {
  std::uint64_t sequence = 0;
  std::uint64_t price = 20;
  std::uint64_t tip = 1;
  std::uint8_t lane = 0;
  std::uint64_t expiry_ms = 1'060'000;
};

inline CheckedTx make_tx(const TestKey& key, const Offer& offer) {
  TxBody body = make_body(key.address, offer.sequence, {make_transfer(key.address, 5)});
  body.price_max = offer.price;
  body.tip = offer.tip;
  body.lane = offer.lane;
  body.expiry_ms = offer.expiry_ms;
  auto checked = check_form(bcs_encode(sign_tx(body, key)), test_chain_id());
  CHECK(checked.has_value());
  return *std::move(checked);
}

inline Account rich(std::uint64_t droplets = 1'000 * kDropletsPerFog) {
  Account account;
  account.balance = Amount{droplets};
  return account;
}

inline InclusionTerms terms_at(std::uint64_t base_price, std::uint64_t time_ms = 1'000'000) {
  InclusionTerms terms;
  terms.base_price = base_price;
  terms.time_ms = time_ms;
  return terms;
}

inline const BlockLimits kRoomy{1'000, 10'000'000, 1'000'000'000};

inline std::vector<TxId> ids_of(const std::vector<PooledTx>& chosen) {
  std::vector<TxId> ids;
  for (const PooledTx& tx : chosen) ids.push_back(tx->id());
  return ids;
}

inline Changes changed(const TestKey& key, const Account& account) {
  Changes changes;
  changes[account_key(key.address)] = bcs_encode(account);
  return changes;
}

struct Model {
  struct Item {
    CheckedTx tx;
    std::uint64_t arrival;
  };
  std::vector<Item> items;

  // `accounts` as the chosen ones' block finds them.
  std::vector<TxId> choose(const InclusionTerms& terms, const std::map<Address, Account>& accounts,
                           std::size_t count) const {
    std::vector<TxId> chosen;
    std::map<std::pair<Address, std::uint8_t>, std::uint64_t> next;
    while (chosen.size() < count) {
      const Item* best = nullptr;
      std::uint64_t best_tip = 0;
      for (const Item& item : items) {
        const TxBody& body = item.tx.tx().body;
        const auto place = std::pair(body.sender, body.lane);
        if (!next.contains(place)) next[place] = accounts.at(body.sender).next_sequence(body.lane);
        if (body.sequence != next[place] || body.price_max < terms.base_price ||
            body.expiry_ms < terms.time_ms) {
          continue;
        }
        const std::uint64_t tip = std::min(body.tip, body.price_max - terms.base_price);
        if (best != nullptr &&
            (best_tip > tip || (best_tip == tip && best->arrival < item.arrival)))
          continue;
        best = &item;
        best_tip = tip;
      }
      if (best == nullptr) break;
      chosen.push_back(best->tx.id());
      ++next[std::pair(best->tx.tx().body.sender, best->tx.tx().body.lane)];
    }
    return chosen;
  }
};

}  // namespace fog::testing
