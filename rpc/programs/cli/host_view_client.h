// How an account asks a Host about a replica: signed questions, and the conversation of a view
// (executor/view_query.h).
#pragma once

#include "executor/view_channel.h"
#include "rpc/client/http_client.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {

// A replica and the Host that runs it, by the chain.
struct ReplicaPlace {
  ChainId chain;
  executor::ReplicaId replica;
  std::string service;
  market::HostId host;
  PublicKey operator_key;
  std::string endpoint;
  bool running = false;
};
// WHAT: a lease (its id, or ID.TERM), of which the latest term counts; or a service, whose running
// replicas count. kNotFound when there is none.
ErrorOr<std::vector<ReplicaPlace>> find_replicas(NodeApi& node, const std::string& what);

template <class Query>
ErrorOr<executor::SignedQuery<Query>> sign_query(Query query, wallet::Signer& signer) {
  executor::SignedQuery<Query> out;
  out.query = std::move(query);
  out.reader = signer.public_key();
  TRY(out.signature, signer.sign(executor::query_digest(out.query)));
  return out;
}

// kRejected with the Host's sentence; kNetwork, kTimeout; kProtocol when it does not hold the key
// that the chain names.
ErrorOr<executor::ViewChannel> open_view(const ReplicaPlace& place, wallet::Signer& signer);

}  // namespace fog::cli
