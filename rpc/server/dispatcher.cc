#include "rpc/server/dispatcher.h"

#include <atomic>
#include <map>

#include "chain/base/clock.h"
#include "rpc/server/client_rates.h"
#include "rpc/server/fast_submit.h"
#include "rpc/server/method.h"
#include "rpc/server/metrics.h"
#include "rpc/server/subscription_hub.h"
#include "rpc/server/wait_hub.h"

namespace fog::rpc {
namespace {

std::vector<std::string> names_of(const std::vector<Method>& methods) {
  std::vector<std::string> out;
  for (const Method& method : methods) out.push_back(method.name);
  return out;
}

// What may be answered at once is short.
constexpr std::size_t kQuickBytesMax = 512;

std::uint64_t refused_among(const std::vector<SubmitReply>& replies) {
  std::uint64_t count = 0;
  for (const SubmitReply& reply : replies) {
    if (reply.fault != Fault::kNone || !reply.refused.empty()) ++count;
  }
  return count;
}

}  // namespace

// The answers of one body, in order. The call that completes it sends them; the set-up counts as a
// call of its own, so it cannot complete early.
struct Responses {
  Responses(const Dispatcher::Done& sink, bool is_batch, std::size_t calls, std::size_t bytes_max)
      : done(sink), batch(is_batch), texts(calls), open(calls + 1), bytes_left(bytes_max) {}

  // `id` nothing: a notification, whose answer is dropped.
  void set(std::size_t index, const std::optional<Json>& id, const Answer& answer) {
    if (id) {
      std::string text =
          compact(answer ? response_of(*id, *answer) : response_of(*id, answer.error()));
      std::size_t left = bytes_left.load();
      while (left >= text.size() && !bytes_left.compare_exchange_weak(left, left - text.size())) {
      }
      if (left < text.size()) text = compact(response_of(*id, too_long()));
      texts[index] = std::move(text);
    }
    close();
  }
  void close() {
    if (--open != 0) return;
    std::string out;
    for (const std::string& text : texts) {
      if (text.empty()) continue;
      out += out.empty() ? (batch ? "[" : "") : ",";
      out += text;
    }
    if (batch && !out.empty()) out += "]";
    done(std::move(out));
  }
  static RpcError too_long() {
    return rpc_error(
        {ErrorCode::kExhausted, "the answers are too long for one response; ask for less"});
  }

  Dispatcher::Done done;
  const bool batch;
  std::vector<std::string> texts;
  std::atomic<std::size_t> open;
  std::atomic<std::size_t> bytes_left;
};

struct Dispatcher::Impl {
  Impl(NodeApi& node_in, const DispatchLimits& limits_in)
      : node(node_in),
        limits(limits_in),
        methods(all_methods()),
        discover(openrpc_document(methods)),
        metrics(names_of(methods)),
        rates(limits_in.dear_calls_max),
        hub(node_in, limits_in.waits_max),
        subscriptions(node_in, limits_in.subscriptions_max) {
    for (std::size_t i = 0; i < methods.size(); ++i) by_name[methods[i].name] = i;
  }

  bool try_fast(const std::string& body, const Done& done);
  void run_calls(const Envelope& envelope, const Caller& caller, const Done& done);
  void run_call(const RpcCall& call, const Caller& caller, std::uint32_t& cost,
                const std::function<void(Answer)>& sink);

  NodeApi& node;
  const DispatchLimits limits;
  const std::vector<Method> methods;
  std::map<std::string, std::size_t, std::less<>> by_name;
  const Json discover;
  RpcMetrics metrics;
  ClientRates rates;
  WaitHub hub;
  SubscriptionHub subscriptions;
};

bool Dispatcher::Impl::try_fast(const std::string& body, const Done& done) {
  const auto submit = read_fast_submit(body, limits.batch_max, limits.txs_max);
  if (!submit) return false;
  const std::uint64_t start = system_clock().monotonic_ns();
  const auto replies = node.submit(submit->txs);
  const std::size_t method = by_name.at("tx_submit");
  const bool answered = replies && replies->size() == submit->txs.size();
  metrics.call(method, !answered, system_clock().monotonic_ns() - start);
  if (answered) {
    metrics.txs_submitted(replies->size(), refused_among(*replies));
    done(write_fast_replies(*submit, *replies));
    return true;
  }
  const RpcError error =
      rpc_error(replies ? Error{ErrorCode::kProtocol, "the node answered another number of replies"}
                        : replies.error());
  Responses responses(done, submit->batch, submit->calls.size(), limits.response_bytes_max);
  for (std::size_t i = 0; i < submit->calls.size(); ++i) {
    const std::string& id = submit->calls[i].id;
    responses.set(i, id.empty() ? std::nullopt : std::optional<Json>(Json::parse(id)), Fail{error});
  }
  responses.close();
  return true;
}

void Dispatcher::Impl::run_call(const RpcCall& call, const Caller& caller, std::uint32_t& cost,
                                const std::function<void(Answer)>& sink) {
  if (call.method == "rpc.discover") return sink(discover);
  const auto found = by_name.find(call.method);
  if (found == by_name.end()) {
    metrics.call(RpcMetrics::kOther, true, 0);
    return sink(Fail{RpcError{
        kMethodNotFound,
        "Method not found: " + call.method.substr(0, 64) + "; rpc.discover lists all methods",
        nullptr}});
  }
  const Method& method = methods[found->second];
  const auto answer_at_once = [&](Answer answer, std::uint64_t nanoseconds) {
    metrics.call(found->second, !answer.has_value(), nanoseconds);
    sink(std::move(answer));
  };
  if (method.access == Access::kOperator && !caller.is_operator) {
    return answer_at_once(refuse({ErrorCode::kPermission,
                                  method.name + " is for the node's operator: call it from the "
                                                "node's machine or send its bearer token"}),
                          0);
  }
  cost += method.cost;
  if (cost > kBatchCostMax) {
    return answer_at_once(
        refuse({ErrorCode::kExhausted, "the batch asks for too much; send it in parts"}), 0);
  }
  auto args = bind_args(method, call.params);
  if (!args) return answer_at_once(Fail{args.error()}, 0);
  const std::uint64_t start = system_clock().monotonic_ns();
  if (method.is_dear && !caller.client.empty() && !caller.is_operator &&
      !rates.take(caller.client, start / 1'000'000)) {
    return answer_at_once(refuse({ErrorCode::kExhausted,
                                  "this address calls " + method.name + " too often: at most " +
                                      std::to_string(limits.dear_calls_max) +
                                      " times in ten seconds; ask again in ten seconds"}),
                          0);
  }
  if (method.run_on_socket && caller.socket == nullptr) {
    return answer_at_once(refuse({ErrorCode::kInvalidInput,
                                  method.name + " needs an open connection: connect to the same "
                                                "address by WebSocket, ws:// instead of http://"}),
                          0);
  }
  Outcome outcome = method.run_on_socket
                        ? Outcome(method.run_on_socket(node, *args, subscriptions, *caller.socket))
                        : method.run(node, *args);
  const std::uint64_t taken = system_clock().monotonic_ns() - start;
  if (auto* answer = std::get_if<Answer>(&outcome)) {
    answer_at_once(std::move(*answer), taken);
    return;
  }
  metrics.call(found->second, false, taken);
  hub.add(std::get<Wait>(std::move(outcome)), sink);
}

void Dispatcher::Impl::run_calls(const Envelope& envelope, const Caller& caller, const Done& done) {
  const auto responses = std::make_shared<Responses>(done, envelope.batch, envelope.calls.size(),
                                                     limits.response_bytes_max);
  std::uint32_t cost = 0;
  for (std::size_t i = 0; i < envelope.calls.size(); ++i) {
    const auto& call = envelope.calls[i];
    if (!call) {
      responses->set(i, call.error().id, Fail{call.error().error});
      continue;
    }
    run_call(*call, caller, cost, [responses, i, id = call->id](const Answer& answer) {
      responses->set(i, id, answer);
    });
  }
  responses->close();
}

Dispatcher::Dispatcher(NodeApi& node, const DispatchLimits& limits)
    : impl_(std::make_unique<Impl>(node, limits)) {}
Dispatcher::~Dispatcher() = default;
void Dispatcher::stop() {
  impl_->hub.stop();
  impl_->subscriptions.stop();
}

bool Dispatcher::handle_quick(const std::string& body, const Caller& caller, const Done& done) {
  if (body.size() > kQuickBytesMax || !body.starts_with('{')) return false;
  const auto envelope = parse_envelope(body, {.depth_max = impl_->limits.depth_max});
  if (!envelope || envelope->calls.size() != 1 || !envelope->calls[0]) return false;
  const RpcCall& call = *envelope->calls[0];
  const auto found = impl_->by_name.find(call.method);
  if (found == impl_->by_name.end() || !impl_->methods[found->second].is_quick) return false;
  impl_->run_calls(*envelope, caller, done);
  return true;
}

void Dispatcher::handle(std::string body, const Caller& caller, Done done) {
  body.reserve(body.size() + kJsonPadding);
  if (impl_->try_fast(body, done)) return;
  const auto envelope = parse_envelope(
      body, {.depth_max = impl_->limits.depth_max, .batch_max = impl_->limits.batch_max});
  if (!envelope) {
    impl_->metrics.call(RpcMetrics::kOther, true, 0);
    done(compact(response_of(nullptr, envelope.error())));
    return;
  }
  impl_->run_calls(*envelope, caller, done);
}

std::string Dispatcher::metrics_text() {
  const auto status = impl_->node.status();
  return impl_->metrics.text(status ? std::optional<ChainStatus>(*status) : std::nullopt,
                             impl_->hub.waiting(), impl_->subscriptions.open_count());
}
RpcMetrics& Dispatcher::metrics() {
  return impl_->metrics;
}
SubscriptionHub& Dispatcher::subscriptions() {
  return impl_->subscriptions;
}

}  // namespace fog::rpc
