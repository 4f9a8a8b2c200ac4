// Ends of epochs from peers: what decodes encodes to the same bytes, and none holds against a set
// whose keys nobody has.
#include "consensus/engine/epoch_chain.h"

namespace {

using namespace fog;

ValidatorSet nobodys_set() {
  ValidatorSet set;
  set.validators.push_back({XOnlyKey{}, 1});
  return set;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto end = bcs_decode<EpochEnd>(bytes);
  if (!end) return 0;
  const Bytes again = bcs_encode(*end);
  CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  const ChainId& chain = end->last.chain_id;
  static_cast<void>(fits_together(*end, chain, end->last.epoch, 4));
  CHECK(!verify_epoch_end(*end, chain, end->last.epoch, 4, nobodys_set()));
  return 0;
}
