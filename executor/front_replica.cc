#include "executor/front_replica.h"

#include <boost/asio/post.hpp>

#include "chain/base/clock.h"
#include "chain/base/file.h"
#include "executor/say.h"

namespace fog::executor {

using Clock = std::chrono::steady_clock;

std::string FrontReplica::folder() const {
  return context_.usage_folder + "/" + to_text(serve_.replica);
}

ErrorOr<std::shared_ptr<FrontReplica>> FrontReplica::open(FrontContext& context, ServeFrame serve) {
  std::shared_ptr<FrontReplica> replica(new FrontReplica(context, std::move(serve)));
  const ServeFrame& terms = replica->serve_;
  replica->use.replica = replica->told_.replica = terms.replica;
  TRY_VOID(make_folder(replica->folder()));
  if (const auto& patterns = terms.manifest.outbound; !patterns.empty()) {
    replica->outbound_ = std::make_shared<OutboundShare>();
    replica->outbound_->patterns.assign(patterns.begin(), patterns.end());
  }
  for (const LinkedGateway& gateway : terms.gateways) {
    const UsageLogHead head{terms.chain, terms.replica.lease, terms.replica.term, gateway.gateway,
                            gateway.key};
    const std::string path = replica->folder() + "/" + to_hex(gateway.gateway) + ".log";
    TRY(auto log, UsageLog::open(path, head));
    LeafTerms leaf_terms{terms.chain,  terms.replica, gateway.gateway,
                         terms.beacon, terms.runtime, terms.manifest};
    TRY(auto leaves, LeafStore::open(replica->folder(), leaf_terms, terms.leaves_keep_ms));
    replica->links_.push_back({gateway, std::move(leaf_terms), std::move(log), std::move(leaves)});
  }
  return replica;
}

FrontLink* FrontReplica::link_of(const Address& gateway) {
  for (FrontLink& link : links_) {
    if (link.gateway.gateway == gateway) return &link;
  }
  return nullptr;
}

bool FrontReplica::may_read(const Address& reader) {
  const auto& readers = serve_.readers;
  return link_of(reader) != nullptr ||
         std::find(readers.begin(), readers.end(), reader) != readers.end();
}

bool FrontReplica::begin_reading(std::size_t leaves) {
  if (reading_ || readable_ < leaves) return false;
  readable_ -= leaves;
  reading_ = true;
  return true;
}

// ---- its key-value store ----

FrontStore::FrontStore(FrontContext& context, const ReplicaId& replica, std::uint64_t bytes_max)
    : context_(context),
      name_(to_text(replica)),
      strand_(context.keyvalue.get_executor()),
      store_(context.keyvalue_folder + "/" + name_, bytes_max) {}

void FrontStore::ask(KeyvalueCall call, std::function<void(const KeyvalueReply&)> done) {
  boost::asio::post(
      strand_, [self = shared_from_this(), call = std::move(call), done = std::move(done)] {
        KeyvalueReply reply = self->store_.apply(call);
        if (std::exchange(self->said_, self->store_.why()) != self->store_.why() &&
            !self->store_.why().empty()) {
          say(self->name_ + ": its key-value store fails: " + self->store_.why());
        }
        boost::asio::post(self->context_.io, [done, reply = std::move(reply)] { done(reply); });
      });
}

void FrontStore::close(std::function<void()> closed) {
  boost::asio::post(strand_, [self = shared_from_this(), closed = std::move(closed)] {
    self->store_.close();
    boost::asio::post(self->context_.io, closed);
  });
}

// ---- its worker ----

void FrontReplica::set_worker(UniqueFd socket) {
  if (worker_ != nullptr) worker_->give_up("replaced");
  const std::weak_ptr<FrontReplica> weak = weak_from_this();
  WorkerLink::Doors doors;
  if (store_ == nullptr && serve_.manifest.keyvalue_mib > 0) {
    store_ = std::make_shared<FrontStore>(context_, serve_.replica,
                                          std::uint64_t{serve_.manifest.keyvalue_mib} << 20);
  }
  if (store_ != nullptr) {
    doors.keep = [store = store_](KeyvalueCall call,
                                  std::function<void(const KeyvalueReply&)> done) {
      store->ask(std::move(call), std::move(done));
    };
  }
  if (outbound_ != nullptr) {
    doors.ask = [&client = context_.outbound, share = outbound_](
                    std::uint32_t, OutboundRequest request, OutboundDone done) {
      return client.ask(share, std::move(request), std::move(done));
    };
  }
  worker_ = std::make_shared<WorkerLink>(
      context_.io, std::move(socket),
      WorkerLink::Limits{serve_.manifest.response_bytes_max, serve_.manifest.outbound_bytes_max},
      std::move(doors), [weak](const std::string& why) {
        if (const auto self = weak.lock()) self->lost(why);
      });
  worker_->start();
  pump();
}

void FrontReplica::lost(const std::string& why) {
  worker_.reset();
  started_.clear();
  WorkerLostFrame frame;
  frame.replica = serve_.replica;
  frame.why = clean_text<256>(why);
  context_.tell_agent(encode_frame(frame));
}

void FrontReplica::submit(std::shared_ptr<Exchange> exchange, ExchangeEnd end) {
  if (stopping_ || waiting_.size() >= kWaitingRequestsMax) {
    const char* why = stopping_ ? "this Host is giving the lease back" : "too many requests wait";
    boost::asio::post(context_.io, [end = std::move(end), why] { end({}, why); });
    return;
  }
  waiting_.push_back({std::move(exchange), std::move(end), Clock::now()});
  pump();
}

void FrontReplica::pump() {
  // Those that a lost worker ends make room, but not there.
  while (worker_ != nullptr && worker_->is_open() && !waiting_.empty() &&
         worker_->running() < serve_.slots) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
}

void FrontReplica::start(Waiting waiting) {
  started_.push_back(Clock::now());
  waiting.exchange->done = [self = shared_from_this(),
                            end = std::move(waiting.end)](const DoneFrame& done) {
    // The oldest start stands for all: it is only read as "nothing has ended for so long".
    if (!self->started_.empty()) self->started_.pop_front();
    // The worker has the next one before this one is accounted for: it need not wait for that.
    self->pump();
    end(done, "");
    self->report_if_stopped();
  };
  worker_->run(std::move(waiting.exchange));
}

void FrontReplica::reserve(bool reserved, std::uint64_t last_ticket) {
  reserved_ = reserved;
  last_ticket_ = std::max(last_ticket_, last_ticket);
}

bool FrontReplica::open_by(const market::SignedTicket& ticket, const LinkedGateway& gateway) {
  const market::Ticket& said = ticket.ticket;
  if (!reserved_ || said.number <= last_ticket_ || said.chain_id != serve_.chain ||
      said.lease != serve_.replica.lease || said.term != serve_.replica.term ||
      said.gateway != gateway.gateway || said.expiry_ms < system_clock().wall_ms() ||
      !market::verify_ticket(ticket, gateway.key)) {
    return false;
  }
  reserved_ = false;
  last_ticket_ = said.number;
  OpenedFrame opened;
  opened.replica = serve_.replica;
  opened.ticket = ticket;
  context_.tell_agent(encode_frame(opened));
  return true;
}

void FrontReplica::stop() {
  stopping_ = true;
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (Waiting& each : waiting) each.end({}, "this Host is giving the lease back");
  report_if_stopped();
}

void FrontReplica::report_if_stopped() {
  const bool running = worker_ != nullptr && worker_->running() > 0;
  if (!stopping_ || running || stopped_told_) return;
  stopped_told_ = true;
  if (worker_ != nullptr) std::exchange(worker_, nullptr)->close();
  if (store_ == nullptr) return report_stopped();
  // What it keeps is let go of first: who hears that it has stopped may take it away.
  std::exchange(store_, nullptr)->close([self = shared_from_this()] { self->report_stopped(); });
}

void FrontReplica::report_stopped() {
  StoppedFrame frame;
  frame.replica = serve_.replica;
  context_.tell_agent(encode_frame(frame));
}

void FrontReplica::close() {
  if (store_ != nullptr) std::exchange(store_, nullptr)->close([] {});
  if (worker_ != nullptr) std::exchange(worker_, nullptr)->close();
}

ClaimsFrame FrontReplica::claims(const ClaimFrame& wanted) const {
  ClaimsFrame out;
  out.id = wanted.id;
  for (const FrontLink& link : links_) {
    std::uint64_t from = 0;
    for (const ClaimFrom& known : wanted.from) {
      if (known.gateway == link.gateway.gateway) from = known.count;
    }
    const auto claim = link.log->claim(from);
    if (claim && *claim) out.logs.push_back(**claim);
  }
  std::sort(out.logs.begin(), out.logs.end(),
            [](const auto& a, const auto& b) { return a.gateway < b.gateway; });
  return out;
}

void FrontReplica::tick() {
  const auto now = Clock::now();
  signatures_ = 0;
  readable_ = std::min(readable_ + kLeavesReadableMore, kLeavesReadableMax);
  for (FrontLink& link : links_) {
    link.leaves->flush();
    if (link.leaves->trouble() == leaves_trouble_) continue;
    leaves_trouble_ = link.leaves->trouble();
    if (!leaves_trouble_.empty()) {
      say("requests are served but not kept for audits: " + leaves_trouble_);
    }
  }
  while (!waiting_.empty() && now - waiting_.front().since > kWaitingTimeMax) {
    const Waiting late = std::move(waiting_.front());
    waiting_.pop_front();
    late.end({}, "no worker was free for 8 seconds");
  }
  const auto wall = std::chrono::milliseconds(serve_.manifest.wall_ms) + kWorkerGrace;
  if (worker_ != nullptr && !started_.empty() && now - started_.front() > wall) {
    const auto stuck = worker_;
    stuck->give_up("it is stuck");
  }
  use.running = worker_ == nullptr ? 0 : static_cast<std::uint32_t>(worker_->running());
  use.waiting = static_cast<std::uint32_t>(waiting_.size());
  if (use == told_) return;
  told_ = use;
  context_.tell_agent(encode_frame(use));
}

}  // namespace fog::executor
