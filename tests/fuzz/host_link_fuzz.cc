// What gateway and Host exchange: heads, log entries and voucher updates. What decodes encodes to
// the same bytes; hashes and texts of it can be made. The first byte chooses the type.
#include "chain/base/check.h"
#include "market/types/host_link.h"

namespace {

using namespace fog;
using namespace fog::market;

template <class T>
std::optional<T> try_as(ByteView bytes) {
  auto decoded = bcs_decode<T>(bytes);
  if (!decoded) return std::nullopt;
  CHECK(bcs_encode(*decoded) == to_bytes(bytes));
  return *std::move(decoded);
}

void try_request(ByteView bytes) {
  const auto head = try_as<RequestHead>(bytes);
  if (!head) return;
  CHECK(request_hash(*head, {}) != request_hash(*head, request_hash(*head, {})));
  RequestHead later = *head;
  ++later.time_ms;
  CHECK(request_mac_text({}, 1, 2, *head) != request_mac_text({}, 1, 2, later));
}

void try_response(ByteView bytes) {
  const auto head = try_as<ResponseHead>(bytes);
  if (!head) return;
  CHECK(response_bytes(*head, 5) == response_bytes(*head, 0) + 5);
  CHECK(response_bytes(*head, 0) >= 16);
  CHECK(response_mac_text({}, 1, 2, *head, 3, 0) != response_mac_text({}, 1, 2, *head, 4, 0));
}

// Entries decoded one after another make a log whose proofs hold.
void try_log(ByteView bytes) {
  BcsReader in(bytes);
  SumLog log;
  LogEntry entry;
  std::vector<SumNode> leaves;
  while (in.remaining() > 0 && bcs_read(in, entry) && leaves.size() < 64) {
    if (log.append(log_leaf(entry))) leaves.push_back(log_leaf(entry));
  }
  const std::uint64_t size = log.size();
  CHECK(size == leaves.size());
  for (std::uint64_t i = 0; i < size; ++i) {
    CHECK(verify_inclusion(leaves[i], i, size, log.root(size), log.inclusion(i, size)));
    CHECK(verify_consistency(i, log.root(i), size, log.root(size), log.consistency(i, size)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      try_request(bytes);
      break;
    case 1:
      try_response(bytes);
      break;
    case 2:
      try_log(bytes);
      break;
    default:
      (void)try_as<VoucherUpdate>(bytes);
      break;
  }
  return 0;
}
