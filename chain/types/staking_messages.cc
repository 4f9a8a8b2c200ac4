#include "chain/types/staking_messages.h"

#include "chain/crypto/hash.h"

namespace fog {

Hash32 possession_digest(const ChainId& chain, const Address& owner) {
  return tagged_hash("fog/possession", {chain, owner});
}

}  // namespace fog
