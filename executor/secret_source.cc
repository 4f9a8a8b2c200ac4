#include "executor/secret_source.h"

#include "executor/artifact_fetch.h"

namespace fog::executor {
namespace {

constexpr std::size_t kAnswerBytesMax = 2 * market::kSecretsMax * market::kSecretBytesMax;

std::string missing_of(const std::vector<std::string>& names, const market::SecretValues& values) {
  std::string out;
  for (const std::string& name : names) {
    if (!values.contains(BoundedText<64>(name))) out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

ErrorOr<market::SecretValues> ask(const SecretQuestion& question, const market::Gateway& gateway,
                                  const SecretKey& operator_key, Clock& clock,
                                  const std::function<bool()>& go_on) {
  market::SecretsWanted wanted;
  wanted.chain_id = question.chain;
  wanted.lease = question.replica.lease;
  wanted.term = question.replica.term;
  wanted.gateway = gateway.owner;
  wanted.time_ms = clock.wall_ms();
  PostPlan plan;
  plan.endpoint = gateway.endpoint;
  plan.target = "/.fog/secrets/wanted";
  plan.body = bcs_encode(market::sign_wanted(wanted, operator_key));
  plan.answer_bytes_max = kAnswerBytesMax;
  TRY(const Bytes box, post_bytes(plan, go_on));
  auto values = market::open_values(wanted, operator_key, box);
  if (!values)
    return fail(ErrorCode::kProtocol, "answers with something that this Host's key does not open");
  return *std::move(values);
}

}  // namespace

ErrorOr<market::SecretValues> obtain_secrets(const SecretQuestion& question,
                                             const SecretKey& operator_key, Clock& clock,
                                             const std::function<bool()>& go_on) {
  std::string reasons;
  for (const market::Gateway& gateway : question.gateways) {
    auto values = ask(question, gateway, operator_key, clock, go_on);
    if (!go_on()) return fail(ErrorCode::kUnavailable, "given up");
    std::string why;
    if (values) {
      const std::string missing = missing_of(question.names, *values);
      if (missing.empty()) {
        // What the manifest does not name, the program does not get.
        market::SecretValues out;
        for (const std::string& name : question.names)
          out[BoundedText<64>(name)] = (*values)[BoundedText<64>(name)];
        return out;
      }
      why = "does not have " + missing;
    } else {
      why = values.error().context;
    }
    reasons += (reasons.empty() ? "" : "; ") + std::string(gateway.endpoint) + ": " + why;
  }
  return fail(ErrorCode::kUnavailable,
              "the service's secrets are not to be had (" +
                  (reasons.empty() ? "the bid names no gateway" : reasons) + ")");
}

}  // namespace fog::executor
