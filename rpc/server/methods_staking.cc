// staking_*: the epoch, validators, what a delegator has in stake, proposals to change parameters.
#include "chain/api/stake_view.h"
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;

constexpr const char* kExampleKey =
    R"({"key": "0x2222222222222222222222222222222222222222222222222222222222222222"})";

Json list_schema(Json item) {
  return object_schema({{"items", {{"type", "array"}, {"items", std::move(item)}}}});
}

Method staking_epoch() {
  return {.name = "staking_epoch",
          .summary =
              "The epoch of the next block, the validator set that certifies it, the set of the "
              "epoch after it, and what each validator of the set has done so far.",
          .params = {},
          .result = schema_of<EpochView>(),
          .errors = {kUnavailable, kNodeFailed},
          .example_params = "{}",
          .example_result = R"({"epoch": {"epoch": "3"}, "tally": {"blocks": 1}})",
          .cost = 10,
          .run = [](NodeApi& node, const Args&) -> Outcome { return answer_of(read_epoch(node)); }};
}

Method staking_validators() {
  return {
      .name = "staking_validators",
      .summary = "All validators, the largest stake first, at most 10000.",
      .params = {},
      .result = list_schema(schema_of<ValidatorView>()),
      .errors = {kUnavailable, kNodeFailed},
      .example_params = "{}",
      .example_result = R"({"items": [{"in_set": true, "record": {"stake": "1000000000000"}}]})",
      .cost = 500,
      .run = [](NodeApi& node, const Args&) -> Outcome {
        FOG_ARG(const auto validators, read_validators(node));
        return Answer(Json{{"items", to_json(validators)}});
      }};
}

Method staking_validator() {
  return {.name = "staking_validator",
          .summary =
              "A validator: its stake, commission, rewards, jail, and whether it is in this "
              "epoch's set and the next.",
          .params = {{"key", "The validator's public key.", schema_of<XOnlyKey>()}},
          .result = schema_of<ValidatorView>(),
          .errors = {kNotFound, kUnavailable},
          .example_params = kExampleKey,
          .example_result = R"({"in_set": true, "record": {"commission": {"rate": 500}}})",
          .cost = 10,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const XOnlyKey key, args.get<XOnlyKey>("key"));
            return answer_of(read_validator(node, key));
          }};
}

Method staking_stake() {
  return {
      .name = "staking_stake",
      .summary =
          "What an account has in stake: delegations with their rewards, stake on its way out with "
          "the time at which it is free (null until its last epoch has ended), and redelegated "
          "stake that is still liable for the validator it left.",
      .params = {{"delegator", "The account.", schema_of<Address>()}},
      .result = schema_of<StakeView>(),
      .errors = {kUnavailable},
      .example_params = R"({"delegator": "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"})",
      .example_result = R"({"delegations": [{"amount": "1000000000000", "rewards": "0"}]})",
      .cost = 100,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const Address delegator, args.get<Address>("delegator"));
        return answer_of(read_stake(node, delegator));
      }};
}

Method staking_proposals() {
  return {.name = "staking_proposals",
          .summary = "Proposals to change parameters, the newest first, at most 10000.",
          .params = {},
          .result = list_schema(schema_of<Proposal>()),
          .errors = {kUnavailable},
          .example_params = "{}",
          .example_result = R"({"items": [{"number": "1", "state": "open"}]})",
          .cost = 100,
          .run = [](NodeApi& node, const Args&) -> Outcome {
            FOG_ARG(const auto proposals, read_proposals(node));
            return Answer(Json{{"items", to_json(proposals)}});
          }};
}

Method staking_evidence() {
  return {.name = "staking_evidence",
          .summary =
              "Proofs that this node has seen, since its start, of validators that voted "
              "against themselves. Whoever submits one first has a part of what is slashed.",
          .params = {},
          .result = list_schema(schema_of<SubmitEvidence>()),
          .errors = {kUnavailable},
          .example_params = "{}",
          .example_result = R"({"items": []})",
          .run = [](NodeApi& node, const Args&) -> Outcome {
            FOG_ARG(const auto evidence, node.evidence());
            return Answer(Json{{"items", to_json(evidence)}});
          }};
}

}  // namespace

void add_staking_methods(std::vector<Method>& out) {
  for (auto* make : {&staking_epoch, &staking_validators, &staking_validator, &staking_stake,
                     &staking_proposals, &staking_evidence}) {
    out.push_back(make());
  }
}

}  // namespace fog::rpc
