// LocalSigner: the key and its vote record in this process.
//
//   directory/
//     validator.key      only its owner may read it
//     validator.votes    what the key has voted: never copy, never restore
#pragma once

#include <memory>

#include "consensus/engine/beacon_revealer.h"
#include "consensus/engine/signer.h"
#include "consensus/engine/validator_key.h"

namespace fog {

constexpr const char* kKeyName = "validator.key";
constexpr const char* kVotesName = "validator.votes";

// Puts a key, and a record that says that nothing was voted, into a directory that exists. A key
// that is there already must be the same and must not have voted, so that an initialization that
// was interrupted can be done again; otherwise kAlreadyExists.
ErrorOr<void> create_signer_files(Env& env, const std::string& directory, const ChainId& chain_id,
                                  const ValidatorKey& key);

class LocalSigner final : public Signer {
 public:
  // `first`: the key's first beacon chain, from who has it already; otherwise it is computed now,
  // 0.1 s, so that the first block need not wait for it.
  LocalSigner(const ValidatorKey& key, VoteGuard guard,
              std::shared_ptr<const BeaconChain> first = nullptr);
  // From the files in a directory. Errors as ValidatorKey::read and VoteGuard::open have them.
  static ErrorOr<std::unique_ptr<LocalSigner>> open(Env& env, const std::string& directory,
                                                    const ChainId& chain_id);

  const XOnlyKey& key() const override { return guard_.record().key; }
  std::optional<VoteRecord> record() const override { return guard_.record(); }
  ErrorOr<ValidatorSignature> sign(const Vote& vote, std::uint8_t index) override {
    return guard_.sign(vote, index);
  }
  // kInvalidInput: the secret does not fit the commitment that the chain has.
  ErrorOr<BeaconReveal> reveal(const ValidatorRecord& record) override;

 private:
  VoteGuard guard_;
  BeaconRevealer revealer_;
};

}  // namespace fog
