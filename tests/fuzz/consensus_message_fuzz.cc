// What peers send to a replica: the first byte chooses the kind, the rest is the message. What
// decodes encodes to the same bytes, and stays within its kind's bound.
#include "consensus/engine/wire_snapshot.h"

namespace {

using namespace fog;

template <class M>
void check(ByteView bytes) {
  const auto message = bcs_decode<M>(bytes);
  if (!message) return;
  const Bytes again = bcs_encode(*message);
  CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  for (const KindRule& rule : wire::kind_rules()) {
    if (rule.kind == static_cast<std::uint8_t>(M::kKind)) return;
  }
  CHECK(false);  // a kind without a rule would stop the program when it is sent
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 20) {
    case 0:
      check<wire::Proposal>(bytes);
      break;
    case 1:
      check<wire::VoteMessage>(bytes);
      break;
    case 2:
      check<wire::CertificateMessage>(bytes);
      break;
    case 3:
      check<wire::GetCertificates>(bytes);
      break;
    case 4:
      check<wire::GetBlock>(bytes);
      break;
    case 5:
      check<wire::BlockMessage>(bytes);
      break;
    case 6:
      check<wire::GetBlockTxs>(bytes);
      break;
    case 7:
      check<wire::BlockTxs>(bytes);
      break;
    case 8:
      check<wire::Status>(bytes);
      break;
    case 9:
      check<wire::GetFinal>(bytes);
      break;
    case 10:
      check<wire::FinalBlocks>(bytes);
      break;
    case 11:
      check<wire::Announce>(bytes);
      break;
    case 12:
      check<wire::GetTxs>(bytes);
      break;
    case 13:
      check<wire::Txs>(bytes);
      break;
    case 14:
      check<wire::GetEpochs>(bytes);
      break;
    case 15:
      check<wire::Epochs>(bytes);
      break;
    case 16:
      check<wire::GetSnapshots>(bytes);
      break;
    case 17:
      check<wire::Snapshots>(bytes);
      break;
    case 18:
      check<wire::GetChunk>(bytes);
      break;
    case 19:
      check<wire::Chunk>(bytes);
      break;
  }
  return 0;
}
