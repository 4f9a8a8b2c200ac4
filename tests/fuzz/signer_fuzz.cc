// A signer's socket: whatever a node sends, the answers fit their frames, the record never goes
// back, and no vote is signed that an earlier one forbids. The same bytes as a signer's answers.
#include <map>
#include <set>

#include "consensus/engine/signer_service.h"

namespace {

using fog::ErrorCode;
using fog::VoteKind;
namespace wire = fog::signer_wire;

// As a LocalSigner, without a key and a disk.
class RecordOnly final : public fog::Signer {
 public:
  const fog::XOnlyKey& key() const override { return record_.key; }
  std::optional<fog::VoteRecord> record() const override { return record_; }
  fog::ErrorOr<fog::ValidatorSignature> sign(const fog::Vote& vote, std::uint8_t index) override {
    if (!fog::may_vote(record_, vote)) return fog::fail(ErrorCode::kRejected, "forbidden");
    const fog::VoteRecord next = fog::record_after(record_, vote);
    CHECK(next.view >= record_.view && next.view == vote.view);
    record_ = next;
    check(vote);
    return fog::ValidatorSignature{index, {}};
  }
  fog::ErrorOr<fog::BeaconReveal> reveal(const fog::ValidatorRecord& record) override {
    return fog::BeaconReveal{record.beacon_tip, std::nullopt};
  }
  // New links are at most one more than views voted notarize.
  void check_links(std::size_t given_new) const { CHECK(given_new <= notarized_.size() + 1); }

 private:
  // What would convict the validator.
  void check(const fog::Vote& vote) {
    CHECK(vote.view >> 32 == vote.epoch);
    const auto same = [&](auto& votes) {
      const auto [at, first] = votes.try_emplace(vote.view, vote);
      CHECK(first || at->second == vote);
    };
    switch (vote.kind) {
      case VoteKind::kNotarize:
        same(notarized_);
        break;
      case VoteKind::kNullify:
        same(nullified_);
        CHECK(!finalized_.contains(vote.view));
        break;
      case VoteKind::kFinalize:
        same(finalized_);
        CHECK(!nullified_.contains(vote.view));
        break;
    }
  }

  fog::VoteRecord record_;
  std::map<std::uint64_t, fog::Vote> notarized_, nullified_, finalized_;
};

// One message, one form.
template <class Message>
void check_form(const Message& message) {
  const fog::Bytes bytes = fog::bcs_encode(message);
  fog::BcsReader in(bytes);
  Message again;
  CHECK(fog::bcs_read(in, again) && in.remaining() == 0 && again == message);
}

template <class Message, class Use>
void cut(fog::ByteView in, Use use) {
  wire::FrameCutter frames;
  // In pieces of different sizes, as a socket gives them.
  for (std::size_t at = 0, piece = 1; at < in.size(); at += piece, piece = piece % 61 + 7) {
    frames.push(in.subspan(at, std::min(piece, in.size() - at)));
    for (;;) {
      Message message;
      const auto whole = frames.next(message);
      if (!whole) return;
      if (!*whole) break;
      use(message);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RecordOnly signer;
  fog::SignerService service(signer);
  std::set<fog::Hash32> given;
  cut<wire::Request>({data, size}, [&](const wire::Request& request) {
    check_form(request);
    const wire::Answer answer = service.answer(request);
    CHECK(wire::encode_frame(answer).size() <= wire::kFrameBytesMax + 4);
    if (std::holds_alternative<wire::Revealed>(answer)) {
      given.insert(std::get<wire::RevealLink>(request).beacon_tip);
      signer.check_links(given.size());
    }
    if (const auto* vote = std::get_if<wire::SignVote>(&request); vote != nullptr) {
      CHECK(vote->chain_id.is_zero() || std::holds_alternative<wire::Refused>(answer));
    }
  });
  cut<wire::Answer>({data, size}, [](const wire::Answer& answer) { check_form(answer); });
  return 0;
}
