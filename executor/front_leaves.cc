// FrontSession's third part: leaves for those who verify receipts (leaf_query.h).
#include <algorithm>

#include <boost/asio/post.hpp>

#include "chain/base/clock.h"
#include "executor/front_session.h"

namespace fog::executor {

namespace asio = boost::asio;

namespace {

// Ascending and below count: what a proof can be made of.
bool is_well_formed(const LeafQuery& query) {
  const auto& indexes = query.indexes;
  return !indexes.empty() && indexes.back() < query.count &&
         std::adjacent_find(indexes.begin(), indexes.end(), std::greater_equal<>()) ==
             indexes.end();
}

}  // namespace

void FrontSession::on_leaves() {
  Bytes bytes(static_cast<std::size_t>(body_->size()));
  if (!body_->read(0, bytes)) return refuse(503, "this Host cannot read the query back");
  const auto asked = bcs_decode<SignedLeafQuery>(bytes);
  if (!asked) return refuse(400, "the body is not a SignedLeafQuery");
  const LeafQuery& query = asked->query;
  const auto replica = replicas_.find(query.replica);
  FrontLink* link = replica == nullptr ? nullptr : replica->link_of(query.gateway);
  if (link == nullptr || query.chain != link->terms.chain) {
    return refuse(404, "this Host does not hold that lease and term for that gateway");
  }
  if (!is_well_formed(query)) return refuse(400, "indexes must ascend and be below count");
  if (query.count > link->log->settled()) {
    return refuse(404, "this Host's log has only " + std::to_string(link->log->settled()) +
                           " settled requests");
  }
  if (!is_recent(query.time_ms, system_clock().wall_ms()))
    return refuse(403, "the query's time is not now");
  if (!replica->may_read(address_of(asked->reader))) {
    return refuse(403, "leaves are for the bid's gateways, publisher and auditors");
  }
  const std::string later = "this Host is asked for too many leaves; again in a second";
  if (!replica->may_check_signature()) return refuse(503, later);
  if (!is_signed(*asked)) return refuse(403, "the signature does not fit the query");
  if (!replica->begin_reading(query.indexes.size())) return refuse(503, later);
  link->leaves->flush();
  read_leaves(replica, *link, query);
}

void FrontSession::read_leaves(const std::shared_ptr<FrontReplica>& replica, FrontLink& link,
                               const LeafQuery& query) {
  auto answer_out = std::make_shared<LeafAnswer>();
  answer_out->root = link.log->sums().root(query.count);
  for (const std::uint64_t index : query.indexes) {
    answer_out->leaves.push_back(
        {index, link.log->sums().leaf(index), link.log->sums().inclusion(index, query.count), {}});
  }
  FrontContext& context = replicas_.context();
  asio::post(context.disk, [self = shared_from_this(), replica, answer_out, &context,
                            wanted = std::set(query.indexes.begin(), query.indexes.end()),
                            gateway = query.gateway] {
    auto found = find_leaves(replica->folder(), gateway, wanted);
    std::uint64_t bytes = 0;
    std::size_t fit = 0;
    for (ProvenLeaf& leaf : answer_out->leaves) {
      const auto it = found.find(leaf.index);
      if (it != found.end()) leaf.record = std::move(it->second.record);
      bytes += leaf.record.size();
      if (fit > 0 && bytes > kLeafAnswerBytesMax) break;
      ++fit;
    }
    answer_out->leaves.resize(fit);
    asio::post(context.io, [self, replica, answer_out] {
      replica->end_reading();
      self->answer(200, "application/octet-stream", std::string(as_text(bcs_encode(*answer_out))));
    });
  });
}

}  // namespace fog::executor
