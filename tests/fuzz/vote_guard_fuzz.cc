// Vote records: whatever is read from a file is written and read again as it was.
#include "consensus/engine/vote_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The bytes as they are, and with a checksum that fits, so that the decoder is reached.
  const auto record = fog::read_vote_slots({data, size});
  if (record) {
    CHECK(fog::read_vote_slots(fog::make_vote_slot(*record)) == record);
  }
  const auto decoded = fog::bcs_decode<fog::VoteRecord>({data, size});
  if (decoded) {
    CHECK(*fog::read_vote_slots(fog::make_vote_slot(*decoded)) == *decoded);
  }
  return 0;
}
