#include "consensus/engine/trust.h"

namespace fog {
namespace {

constexpr std::uint64_t kDayMs = 24ULL * 3'600 * 1'000;

std::string in_words(std::uint64_t ms) {
  if (ms < 120'000) return std::to_string(ms / 1'000) + " seconds";
  if (ms < 2 * kDayMs / 24) return std::to_string(ms / 60'000) + " minutes";
  if (ms < 2 * kDayMs) return std::to_string(ms / 3'600'000) + " hours";
  return std::to_string(ms / kDayMs) + " days";
}

constexpr const char* kHowTo =
    "ask somebody you trust for a checkpoint (\"fogcoin node checkpoint\" prints one on a node "
    "that is up to date) and start with --trusted HEIGHT:HASH";

}  // namespace

ErrorOr<TrustedBlock> parse_trusted_block(const std::string& text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidInput,
                "expected HEIGHT:HASH as \"fogcoin node checkpoint\" prints it, e.g. 10000:0x "
                "and 64 hex digits, not \"" +
                    text + "\"");
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon > 19) return bad();
  TrustedBlock out;
  for (const char c : text.substr(0, colon)) {
    if (c < '0' || c > '9') return bad();
    out.height = out.height * 10 + static_cast<std::uint64_t>(c - '0');
  }
  const auto block = fixed_from_hex<32>(text.substr(colon + 1));
  if (!block || out.height == 0) return bad();
  out.block = *block;
  return out;
}

std::string to_text(const TrustedBlock& trusted) {
  return std::to_string(trusted.height) + ":" + to_hex0x(trusted.block);
}

bool is_within_trust(std::uint64_t block_ms, std::uint64_t now_ms,
                     std::uint64_t trusting_period_ms) {
  return now_ms <= block_ms || now_ms - block_ms <= trusting_period_ms;
}

Fail<Error> checkpoint_too_old(const TrustedBlock& trusted) {
  return fail(ErrorCode::kRejected, "the block named by --trusted " + to_text(trusted) +
                                        " is older than the trusting period: " + kHowTo);
}

ErrorOr<void> check_trust(const TrustQuestion& question) {
  if (question.is_indispensable) return {};
  if (is_within_trust(question.time_ms, question.now_ms, question.trusting_period_ms)) return {};
  const std::uint64_t age_ms = question.now_ms - question.time_ms;
  if (question.trusted) {
    // A later block: how old that is will be seen when it comes. The very block the node has: its
    // operator says that nothing has been made final since.
    if (question.trusted->height > question.height) return {};
    if (*question.trusted == TrustedBlock{question.height, question.block}) return {};
  }
  const std::string what = question.height == 0
                               ? "the chain's genesis is " + in_words(age_ms) + " old"
                               : "this node's last block, " + std::to_string(question.height) +
                                     ", is " + in_words(age_ms) + " old";
  std::string out = what + ", more than the trusting period of " +
                    in_words(question.trusting_period_ms) +
                    ": signatures alone no longer tell the chain from a forgery; " + kHowTo;
  if (question.height > 0) {
    out += "; if no block was made in all that time, --trusted " +
           to_text({question.height, question.block}) + " says so";
  }
  return fail(ErrorCode::kRejected, out);
}

}  // namespace fog
