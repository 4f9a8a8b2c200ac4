// ServiceViews: what a Publisher sees of his service at this Host (view_query.h), the agent's
// share: judges who asks, by the chain, and then talks with him, each in a thread of its own. Safe
// from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "chain/base/clock.h"
#include "chain/crypto/keys.h"
#include "chain/types/address.h"
#include "executor/container_control.h"
#include "executor/front_frames.h"
#include "executor/view_channel.h"

namespace fog::executor {

constexpr std::size_t kViewsMax = 32;        // at once
constexpr std::size_t kViewsPerReplica = 8;  // of them
constexpr std::uint64_t kViewMsMax = 3'600'000;

// Who may see a replica.
struct ViewRights {
  Address owner;                 // whose service it is: all
  std::vector<Address> payers;   // log and meter
  std::vector<Address> readers;  // meter
};

// What the desk asks of the agent. From its threads.
struct ViewSource {
  // By the chain. kNotFound: no replica of this Host's on that chain.
  std::function<ErrorOr<ViewRights>(const ChainId&, const ReplicaId&)> rights;
  std::function<std::string(const ReplicaId&)> log_path;
  // kNotFound: it runs here no longer.
  std::function<ErrorOr<MeterFrame>(const ReplicaId&)> meter;
  // Into its container; the error says why there is none.
  std::function<ErrorOr<std::shared_ptr<ContainerControl>>(const ReplicaId&)> container;
  std::function<void(const ViewToldFrame&, const UniqueFd&)> tell;
};

class ServiceViews {
 public:
  // `programs`: whether owners may run programs in their containers here. `operator_key` and
  // `clock` outlive this.
  ServiceViews(const SecretKey& operator_key, Clock& clock, bool programs, ViewSource source);
  ~ServiceViews() { stop(); }
  ServiceViews(const ServiceViews&) = delete;
  ServiceViews& operator=(const ServiceViews&) = delete;

  // Answered by source.tell, later.
  void take(const ViewAskedFrame& asked);
  // Ends all of them; whoever asks later is refused.
  void stop();

 private:
  struct View {
    std::thread thread;
    bool ended = false;
  };
  struct Refusal {
    std::uint16_t status = 400;
    std::string why;
  };
  // What of it a person may have.
  enum class Rank { kNone, kReader, kPayer, kOwner };

  void run(const ViewAskedFrame& asked, View& view);
  Result<Rank, Refusal> judge(const ViewAskedFrame& asked, SignedViewQuery& query);
  void talk(const SignedViewQuery& query, Rank rank, UniqueFd socket);
  EndFrame answer(const Frame& wanted, const SignedViewQuery& query, Rank rank,
                  ViewChannel& channel);
  EndFrame show_log(const AskLogFrame& wanted, const ReplicaId& replica, ViewChannel& channel);
  EndFrame show_meter(const ReplicaId& replica, ViewChannel& channel);
  EndFrame run_program(const AskProgramFrame& wanted, const SignedViewQuery& query,
                       ViewChannel& channel);
  void reap();

  const SecretKey& operator_key_;
  Clock& clock_;
  const bool programs_;
  const ViewSource source_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::list<View> views_;
  std::map<ReplicaId, std::size_t> of_replica_;
};

// A conversation about one program, until it has ended, the other side has gone, `stopping`, or the
// time is over (program_session.cc).
EndFrame run_program_session(ContainerControl& container, const AskProgramFrame& wanted,
                             ViewChannel& channel, const std::atomic<bool>& stopping);

}  // namespace fog::executor
