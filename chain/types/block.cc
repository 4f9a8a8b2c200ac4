#include "chain/types/block.h"

#include "chain/crypto/hash.h"

namespace fog {
namespace {

constexpr std::uint8_t kLeafPrefix[] = {0x00};
constexpr std::uint8_t kNodePrefix[] = {0x01};

// RFC 6962, 2.1: complete subtrees from the left, joined from the right at the end. subtrees[i]
// stands for a larger power of two of leaves than subtrees[i + 1].
class Rfc6962Tree {
 public:
  void add(ByteView leaf) {
    subtrees_.push_back(sha256({kLeafPrefix, leaf}));
    ++leaves_;
    for (std::size_t count = leaves_; count % 2 == 0; count /= 2) join_last_two();
  }
  Hash32 root() && {
    if (subtrees_.empty()) return sha256(ByteView{});
    while (subtrees_.size() > 1) join_last_two();
    return subtrees_.front();
  }

 private:
  void join_last_two() {
    const Hash32 right = subtrees_.back();
    subtrees_.pop_back();
    subtrees_.back() = sha256({kNodePrefix, subtrees_.back(), right});
  }
  std::vector<Hash32> subtrees_;
  std::size_t leaves_ = 0;
};

}  // namespace

BlockId block_id(const BlockHeader& header) {
  return tagged_hash("fog/block", bcs_encode(header));
}

Hash32 tx_root(const std::vector<ByteView>& txs) {
  Rfc6962Tree tree;
  for (const ByteView tx : txs) tree.add(tx);
  return std::move(tree).root();
}

Hash32 tx_root(const Block& block) {
  Rfc6962Tree tree;
  for (const auto& tx : block.txs) tree.add(tx);
  return std::move(tree).root();
}

}  // namespace fog
