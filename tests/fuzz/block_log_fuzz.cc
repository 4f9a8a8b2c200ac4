// The block log against any file. The first byte chooses: the rest is the file itself, or damage
// (places, and what is done there) to a good log. Whatever opens never gives a block that was not
// written.
#include <cstdlib>

#include "chain/store/block_log.h"
#include "tests/support/chain_samples.h"
#include "tests/support/fault_env.h"

namespace {

using namespace fog;
using testing::FaultEnv;
using testing::sample_block;
using testing::SeededRng;

constexpr const char* kFile = "d/00000001.blocks";

struct GoodLog {
  GoodLog() {
    SeededRng rng(1);
    FaultEnv env;
    auto log = BlockLog::open(env, "d", ChainId{}, BlockLogOptions{1 << 20, &rng});
    CHECK(log.has_value());
    BlockId parent;
    for (std::uint64_t height = 1; height <= 4; ++height) {
      blocks.push_back(sample_block(rng, ChainId{}, height, parent));
      parent = block_id(blocks.back().header);
      CHECK((*log)->append_proposal(height, height - 1, blocks.back()).has_value());
      CHECK((*log)->sync().has_value());
      FinalEntry entry;
      entry.height = entry.view = height;
      entry.block = parent;
      CHECK((*log)->append_final(entry).has_value());
      CHECK((*log)->sync().has_value());
    }
    file = env.contents(kFile);
  }
  std::vector<Block> blocks;
  Bytes file;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const GoodLog good;
  if (size == 0) return 0;
  ByteView input(data + 1, size - 1);
  Bytes file = to_bytes(input);
  if (data[0] % 2 == 1) {
    file = good.file;
    for (; input.size() >= 4; input = input.subspan(4)) {
      const std::size_t at = (std::size_t{input[0]} << 8 | input[1]) % (file.size() + 1);
      if (input[2] == 0) file.resize(at);
      if (input[2] != 0 && at < file.size())
        file[at] = static_cast<std::uint8_t>(file[at] ^ input[3]);
    }
  }
  SeededRng rng(2);
  FaultEnv env;
  CHECK(env.create_file(kFile, file, FileMode::kShared).has_value());
  auto log = BlockLog::open(env, "d", ChainId{}, BlockLogOptions{1 << 20, &rng});
  if (!log) return 0;
  for (std::uint64_t height = (*log)->first_height(); height <= (*log)->height(); ++height) {
    const auto stored = (*log)->block_at(height);
    if (!stored) continue;
    CHECK(height <= good.blocks.size());
    CHECK(stored->proposal.block == good.blocks[height - 1]);
  }
  return 0;
}
