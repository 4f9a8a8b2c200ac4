// Method: one JSON-RPC method, declared in one block: name, words, typed parameters, result,
// errors, example, and what it does. `rpc.discover`, the parameter checks, the metrics and the
// tests of the examples all follow from the block. For .cc files only (it brings in the JSON
// library).
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "chain/api/node_api.h"
#include "rpc/json/codec.h"
#include "rpc/json/envelope.h"
#include "rpc/json/rpc_error.h"

namespace fog::rpc {

using Json = nlohmann::json;
using Answer = Result<Json, RpcError>;

// An answer that may take until the chain moves on. `poll` is asked again after each block; with
// `time_is_up` it must answer. It is never called from two threads at once.
struct Wait {
  std::function<std::optional<Answer>(bool time_is_up)> poll;
  std::uint64_t timeout_ms = 0;
};
using Outcome = std::variant<Answer, Wait>;

struct Param {
  const char* name;
  const char* summary;
  Json schema;
  bool required = true;
};

// The parameters of one call by name, checked against the method's list.
class Args {
 public:
  explicit Args(Json named) : named_(std::move(named)) {}
  bool has(const char* name) const { return named_.contains(name) && !named_.at(name).is_null(); }
  const Json& raw(const char* name) const { return named_.at(name); }
  // kInvalidInput that names the parameter.
  template <class T>
  ErrorOr<T> get(const char* name) const {
    return from_json<T>(named_.at(name), name);
  }
  template <class T>
  ErrorOr<T> get_or(const char* name, T otherwise) const {
    return has(name) ? get<T>(name) : ErrorOr<T>(std::move(otherwise));
  }

 private:
  Json named_;
};

enum class Access : std::uint8_t { kEverybody, kOperator };  // kOperator: bearer token, or loopback

struct Method {
  std::string name;
  std::string summary;
  std::vector<Param> params;
  Json result;              // its JSON Schema
  std::vector<int> errors;  // application codes beyond those of the specification
  // Against the example chain of the tests; JSON text. The tests run it and compare.
  std::string example_params;
  std::string example_result;
  Access access = Access::kEverybody;
  std::uint32_t cost = 1;  // a batch may cost kBatchCostMax in all
  bool is_dear = false;    // each client may call it only so often (DispatchLimits)
  // It only reads a few records by key: a call of it alone is answered where it was read.
  bool is_quick = false;
  // The named arguments are complete: every required one is there, no unknown one is.
  std::function<Outcome(NodeApi& node, const Args& args)> run = {};
  // In its place, of what needs an open connection to answer on.
  std::function<Answer(NodeApi& node, const Args& args, class SubscriptionHub& subscriptions,
                       struct SocketCall& socket)>
      run_on_socket = {};
  Json notification = nullptr;  // the JSON Schema of what then comes as "item", if anything does
};

constexpr std::uint32_t kBatchCostMax = 5'000;
constexpr std::uint64_t kWaitMsMax = 60'000;

// All methods, in the order in which rpc.discover lists them.
std::vector<Method> all_methods();

// By position or by name, as named arguments; -32602 for a missing, unknown or surplus one.
Result<Args, RpcError> bind_args(const Method& method, const Json& params);

// The OpenRPC 1.2.6 document of the methods.
Json openrpc_document(const std::vector<Method>& methods);
// One sentence for each application code.
const char* error_meaning(int code);

// What each file contributes to all_methods().
void add_chain_methods(std::vector<Method>& out);
void add_tx_methods(std::vector<Method>& out);
void add_history_methods(std::vector<Method>& out);
void add_statistics_methods(std::vector<Method>& out);
void add_state_methods(std::vector<Method>& out);
void add_market_methods(std::vector<Method>& out);
void add_preview_methods(std::vector<Method>& out);
void add_event_methods(std::vector<Method>& out);
void add_staking_methods(std::vector<Method>& out);
void add_subscription_methods(std::vector<Method>& out);

// An Error as the answer of a method.
inline Fail<RpcError> refuse(const Error& error) {
  return Fail<RpcError>{rpc_error(error)};
}
// A value of the node as an answer.
template <class T>
Answer answer_of(const ErrorOr<T>& value) {
  if (!value) return refuse(value.error());
  return to_json(*value);
}

}  // namespace fog::rpc

// Binds a parameter or the node's answer, or answers its error: FOG_ARG(const Hash32 id,
// args.get<Hash32>("id"));
#define FOG_ARG(decl, expr) FOG_ARG_IMPL(FOG_CONCAT(fog_arg_, __LINE__), decl, expr)
#define FOG_ARG_IMPL(tmp, decl, expr)                                   \
  auto tmp = (expr);                                                    \
  if (!tmp) return ::fog::rpc::Answer(::fog::rpc::refuse(tmp.error())); \
  decl = *std::move(tmp)
