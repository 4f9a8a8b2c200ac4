// World: one run of the simulation. A seed gives the plan; one queue of events in simulated time
// drives every node; the checkers watch.
//
//   safety phase:    faults of every kind, transactions; what must never happen is looked for
//   liveness phase:  network, clocks and disks are well again, liars go on lying; everybody must
//                    catch up, and what honest leaders propose must become final in time
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/checkers/certificate_checker.h"
#include "tests/sim/checkers/chain_checker.h"
#include "tests/sim/checkers/liveness_checker.h"
#include "tests/sim/checkers/state_checker.h"
#include "tests/sim/checkers/vote_checker.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_node.h"

namespace fog::sim {

constexpr std::size_t kWorldAccounts = 8;  // that send and receive

struct RunOptions {
  std::uint64_t seed = 0;
  std::optional<std::size_t> validators;
  bool verbose = false;  // what happens, on stderr
};

struct RunResult {
  std::vector<std::string> findings;  // none: all is well
  std::uint64_t trace = 0;            // hash of everything that happened, in order
  std::uint64_t height = 0;
  std::uint64_t epochs = 0;
  std::uint64_t views = 0;
  std::uint64_t txs = 0;
  std::uint64_t messages = 0;
  std::uint64_t crashes = 0;
  std::uint64_t wipes = 0;
  std::uint64_t joins = 0;   // by another's snapshot
  std::uint64_t proofs = 0;  // evidence seen against liars
  std::uint64_t timely_blocks = 0;
  std::uint64_t sim_ms = 0;
};

class World {
 public:
  explicit World(RunOptions options);
  ~World();
  RunResult run();

 private:
  struct Member {
    PlannedNode plan;
    std::unique_ptr<SimNode> node;
    std::unique_ptr<Liar> liar;
    std::uint64_t life = 0;
    std::uint64_t paused_until_ns = 0;
    std::uint64_t wake_ns = 0;  // when an event will poll it; 0: none
    bool boots = false;         // an event will start it
    bool damaged = false;       // its log, by a misdirected write
    bool lost = false;          // for good: the vote record is gone
    std::size_t mood = 0;
  };
  using Action = std::function<void()>;

  // Making it.
  void make_genesis();
  void make_members();

  // Time.
  void at(std::uint64_t ns, Action action);
  bool step();  // false: nothing is left to happen
  void run_until_ms(std::uint64_t ms);
  std::uint64_t around(std::uint64_t mean_ms);  // a random time, in ns

  // Nodes.
  void boot(std::size_t number);
  void join(std::size_t number);
  void stop(std::size_t number);
  void crash(std::size_t number, const std::string& why);
  void touch(std::size_t number, const std::function<ErrorOr<void>()>& what);
  void schedule_wake(std::size_t number);
  void link_up(std::size_t a, std::size_t b);
  void link_down(std::size_t a, std::size_t b);
  void deliver(std::size_t from, std::size_t to, std::uint64_t at_ns, std::uint8_t kind,
               std::shared_ptr<const Bytes> message);
  void receive(std::size_t from, std::size_t to, std::uint8_t kind,
               std::shared_ptr<const Bytes> message);
  void damage(std::size_t number);

  // Incidents.
  void every(std::uint64_t mean_ms, Action action);
  void partition();
  void clog();
  void pause();
  void crash_someone();
  void set_clock();
  void submit();
  void heal();
  bool all_level(std::uint64_t height) const;

  // Watching.
  void on_sent(std::size_t from, std::uint8_t kind, ByteView message);
  void on_final(std::size_t number, const StoredBlock& stored);
  void on_report(std::size_t by, std::size_t about, Offence offence, const std::string& why);
  void trace(std::initializer_list<std::uint64_t> words, ByteView bytes = {});
  void say(const std::string& what) const;
  void say_vote(std::size_t from, const SignedVote& vote) const;
  void say_plan() const;
  bool honest(std::size_t number) const { return !members_[number].plan.lies; }

  const RunOptions options_;
  const Plan plan_;
  testing::SeededRng rng_;
  SimTime time_;
  Findings findings_;
  Genesis genesis_;
  ChainId chain_id_;
  std::vector<Member> members_;
  std::unique_ptr<SimNetwork> network_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Action> events_;  // by time, then order
  std::uint64_t sequence_ = 0;
  bool healed_ = false;
  std::unique_ptr<ChainChecker> chain_;
  std::unique_ptr<StateChecker> state_;
  std::unique_ptr<VoteChecker> votes_;
  std::unique_ptr<CertificateChecker> certificates_;
  std::unique_ptr<LivenessChecker> liveness_;
  RunResult result_;
};

}  // namespace fog::sim
