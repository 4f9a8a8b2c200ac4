#include "executor/service_views.h"

#include <algorithm>
#include <poll.h>

#include "executor/say.h"
#include "executor/worker_frames.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kFirstFrameMs = 10'000;
constexpr int kFollowEveryMs = 200;

EndFrame failed(const std::string& why) {
  EndFrame end;
  end.why = clean_text<512>(why);
  return end;
}
EndFrame broken(const Error& error) {
  return failed(error.context);
}

bool holds(const std::vector<Address>& list, const Address& account) {
  return std::find(list.begin(), list.end(), account) != list.end();
}

}  // namespace

ServiceViews::ServiceViews(const SecretKey& operator_key, Clock& clock, bool programs,
                           ViewSource source)
    : operator_key_(operator_key), clock_(clock), programs_(programs), source_(std::move(source)) {}

void ServiceViews::stop() {
  std::list<View> ending;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ending.swap(views_);
  }
  for (View& view : ending) view.thread.join();
}

// With the mutex held.
void ServiceViews::reap() {
  for (auto it = views_.begin(); it != views_.end();) {
    if (!it->ended) {
      ++it;
      continue;
    }
    it->thread.join();
    it = views_.erase(it);
  }
}

void ServiceViews::take(const ViewAskedFrame& asked) {
  const std::lock_guard lock(mutex_);
  reap();
  if (views_.size() >= kViewsMax || stopping_) {
    ViewToldFrame told;
    told.id = asked.id;
    told.status = 503;
    told.why.assign("as many people look at services here as may at once; again in a minute");
    return source_.tell(told, {});
  }
  View& view = views_.emplace_back();
  view.thread = std::thread([this, asked, &view] { run(asked, view); });
}

void ServiceViews::run(const ViewAskedFrame& asked, View& view) {
  SignedViewQuery query;
  auto rank = judge(asked, query);
  std::pair<UniqueFd, UniqueFd> ends;
  const ReplicaId replica = query.query.replica;
  ViewToldFrame told;
  told.id = asked.id;
  if (rank) {
    const std::lock_guard lock(mutex_);
    std::size_t& seen = of_replica_[replica];
    auto made = make_socket_pair();
    if (seen >= kViewsPerReplica || !made) {
      rank = Fail{Refusal{503, "as many look at this replica as may at once"}};
    } else {
      ++seen;
      ends = *std::move(made);
    }
  }
  told.status = rank ? 101 : rank.error().status;
  if (!rank) told.why = clean_text<256>(rank.error().why);
  source_.tell(told, ends.second);
  ends.second.reset();
  if (rank) talk(query, *rank, std::move(ends.first));
  const std::lock_guard lock(mutex_);
  if (rank && --of_replica_[replica] == 0) of_replica_.erase(replica);
  view.ended = true;
}

Result<ServiceViews::Rank, ServiceViews::Refusal> ServiceViews::judge(const ViewAskedFrame& asked,
                                                                      SignedViewQuery& query) {
  const auto refused = [](std::uint16_t status, std::string why) {
    return Fail{Refusal{status, std::move(why)}};
  };
  auto decoded = bcs_decode<SignedViewQuery>(asked.query);
  if (!decoded) return refused(400, "the body is not a signed ViewQuery");
  query = *std::move(decoded);
  if (!is_recent(query.query.time_ms, clock_.wall_ms()))
    return refused(403, "the query's time is not now");
  if (!is_signed(query)) return refused(403, "the signature does not fit the query");
  const auto rights = source_.rights(query.query.chain, query.query.replica);
  if (!rights) {
    const bool unknown = rights.error().code == ErrorCode::kNotFound;
    return refused(unknown ? 404 : 503, rights.error().context);
  }
  const Address reader = address_of(query.reader);
  if (reader == rights->owner) return Rank::kOwner;
  if (holds(rights->payers, reader)) return Rank::kPayer;
  if (holds(rights->readers, reader)) return Rank::kReader;
  return refused(403, "that is for the service's owner and whoever pays for it");
}

void ServiceViews::talk(const SignedViewQuery& query, Rank rank, UniqueFd socket) {
  Hash32 drawn;
  system_rng().fill(drawn.data);
  auto stream = view_stream(query.query, drawn, operator_key_, query.query.key, StreamSide::kHost);
  if (!stream || !send_all(socket.get(), drawn, {})) return;
  ViewChannel channel(std::move(socket), *std::move(stream));
  const auto wanted = channel.wait(kFirstFrameMs);
  if (!wanted) return;
  (void)channel.send(answer(*wanted, query, rank, channel));
}

EndFrame ServiceViews::answer(const Frame& wanted, const SignedViewQuery& query, Rank rank,
                              ViewChannel& channel) {
  const ReplicaId& replica = query.query.replica;
  if (decode_frame<AskMeterFrame>(wanted)) return show_meter(replica, channel);
  if (const auto log = decode_frame<AskLogFrame>(wanted)) {
    if (rank >= Rank::kPayer) return show_log(*log, replica, channel);
    return failed("the log is for the service's owner and whoever pays for it");
  }
  if (const auto program = decode_frame<AskProgramFrame>(wanted)) {
    if (rank != Rank::kOwner) return failed("programs are run for the service's owner alone");
    return run_program(*program, query, channel);
  }
  return failed("this Host does not know what was asked");
}

EndFrame ServiceViews::show_meter(const ReplicaId& replica, ViewChannel& channel) {
  const auto meter = source_.meter(replica);
  if (!meter) return broken(meter.error());
  (void)channel.send(*meter);
  return {};
}

EndFrame ServiceViews::show_log(const AskLogFrame& wanted, const ReplicaId& replica,
                                ViewChannel& channel) {
  WorkloadLogReader reader(source_.log_path(replica));
  if (wanted.after) {
    reader.go_to(*wanted.after);
  } else {
    reader.go_to_last(std::min(wanted.lines, kViewLinesMax));
  }
  const std::uint64_t until_ns = clock_.monotonic_ns() + kViewMsMax * 1'000'000;
  while (!stopping_ && clock_.monotonic_ns() < until_ns) {
    LogPartFrame part;
    const std::string text = reader.more(kViewPartMax);
    if (!text.empty()) {
      part.text = to_bytes(as_bytes(text));
      part.until = reader.place();
      // Gone, or does not take it.
      if (const auto sent = channel.send(part); !sent) return broken(sent.error());
      continue;
    }
    if (!wanted.follow) return {};
    pollfd gone = {channel.socket(), POLLIN, 0};
    if (::poll(&gone, 1, kFollowEveryMs) <= 0) continue;
    if (const auto read = channel.read(); !read) return broken(read.error());
  }
  return failed("the time is over; ask again");
}

EndFrame ServiceViews::run_program(const AskProgramFrame& wanted, const SignedViewQuery& query,
                                   ViewChannel& channel) {
  if (!programs_)
    return failed("this Host's owner lets nobody run programs in containers (exec: off)");
  const auto container = source_.container(query.query.replica);
  if (!container) return broken(container.error());
  say("the owner " + to_text(address_of(query.reader)) + " runs a program in " +
      to_text(query.query.replica));
  return run_program_session(**container, wanted, channel, stopping_);
}

}  // namespace fog::executor
