// What agent and front say to each other. The agent holds the operator's key and talks to the
// chain; the front talks HTTP and gets, lease by lease, no more than it needs to serve and account
// for it.
#pragma once

#include "executor/frame.h"
#include "executor/meter.h"
#include "executor/replica_id.h"
#include "executor/took_buckets.h"
#include "market/types/messages.h"
#include "market/types/secret.h"
#include "market/types/ticket.h"

namespace fog::executor {

enum class FrontFrame : std::uint8_t {
  // To the front.
  kServe = 64,
  kWorker = 65,
  kStop = 66,
  kClaim = 67,
  kForget = 68,
  kViewTold = 69,
  kReserve = 70,
  // From the front.
  kListening = 96,
  kWorkerLost = 97,
  kStopped = 98,
  kClaims = 99,
  kUse = 100,
  kViewAsked = 101,
  kOpened = 102,
};

struct LinkedGateway {
  Address gateway;
  PublicKey key;
  market::LinkKey link_key;
  static constexpr auto kFields =
      std::make_tuple(&LinkedGateway::gateway, &LinkedGateway::key, &LinkedGateway::link_key);
  bool operator==(const LinkedGateway&) const = default;
};

// Serve this replica: logs are opened now, requests are taken once a worker has come. Answered by
// nothing, or by StoppedFrame with a reason.
struct ServeFrame {
  static constexpr FrontFrame kKind = FrontFrame::kServe;
  ReplicaId replica;
  ChainId chain;
  Hash32 beacon;
  market::Manifest manifest;
  std::uint32_t slots = 1;
  BoundedList<LinkedGateway, 8> gateways;
  market::RuntimeProfile runtime;
  // Who may have the leaves, besides those gateways.
  BoundedList<Address, 16> readers;
  std::uint64_t leaves_keep_ms = 0;  // how long at least; 0: for ever, within the Host's quota
  // A warm reservation: requests are taken once a gateway's ticket above this number has come.
  bool reserved = false;
  std::uint64_t ticket = 0;
  market::SecretValues secrets;  // of the environment of each request; never on disk, never logged
  static constexpr auto kFields =
      std::make_tuple(&ServeFrame::replica, &ServeFrame::chain, &ServeFrame::beacon,
                      &ServeFrame::manifest, &ServeFrame::slots, &ServeFrame::gateways,
                      &ServeFrame::runtime, &ServeFrame::readers, &ServeFrame::leaves_keep_ms,
                      &ServeFrame::reserved, &ServeFrame::ticket, &ServeFrame::secrets);
  bool operator==(const ServeFrame&) const = default;
};
// Comes with the worker's socket; replaces the one before.
struct WorkerSocketFrame {
  static constexpr FrontFrame kKind = FrontFrame::kWorker;
  ReplicaId replica;
  static constexpr auto kFields = std::make_tuple(&WorkerSocketFrame::replica);
  bool operator==(const WorkerSocketFrame&) const = default;
};
// No new requests; StoppedFrame once those under way have ended. Vouchers are still taken until
// ForgetFrame.
struct StopFrame {
  static constexpr FrontFrame kKind = FrontFrame::kStop;
  ReplicaId replica;
  static constexpr auto kFields = std::make_tuple(&StopFrame::replica);
  bool operator==(const StopFrame&) const = default;
};
// The replica is a warm reservation from now on, or no longer.
struct ReserveFrame {
  static constexpr FrontFrame kKind = FrontFrame::kReserve;
  ReplicaId replica;
  bool reserved = false;
  std::uint64_t ticket = 0;  // the last that has opened it
  static constexpr auto kFields =
      std::make_tuple(&ReserveFrame::replica, &ReserveFrame::reserved, &ReserveFrame::ticket);
  bool operator==(const ReserveFrame&) const = default;
};
struct ClaimFrom {
  Address gateway;
  std::uint64_t count = 0;  // leaves that the chain has included
  static constexpr auto kFields = std::make_tuple(&ClaimFrom::gateway, &ClaimFrom::count);
  bool operator==(const ClaimFrom&) const = default;
};
// Answered by ClaimsFrame. Gateways that are not named have included nothing.
struct ClaimFrame {
  static constexpr FrontFrame kKind = FrontFrame::kClaim;
  std::uint64_t id = 0;
  ReplicaId replica;
  BoundedList<ClaimFrom, 8> from;
  static constexpr auto kFields =
      std::make_tuple(&ClaimFrame::id, &ClaimFrame::replica, &ClaimFrame::from);
  bool operator==(const ClaimFrame&) const = default;
};
// The replica is settled: its logs are deleted.
struct ForgetFrame {
  static constexpr FrontFrame kKind = FrontFrame::kForget;
  ReplicaId replica;
  static constexpr auto kFields = std::make_tuple(&ForgetFrame::replica);
  bool operator==(const ForgetFrame&) const = default;
};

struct ListeningFrame {
  static constexpr FrontFrame kKind = FrontFrame::kListening;
  std::uint16_t port = 0;
  static constexpr auto kFields = std::make_tuple(&ListeningFrame::port);
  bool operator==(const ListeningFrame&) const = default;
};
struct WorkerLostFrame {
  static constexpr FrontFrame kKind = FrontFrame::kWorkerLost;
  ReplicaId replica;
  BoundedText<256> why;
  static constexpr auto kFields = std::make_tuple(&WorkerLostFrame::replica, &WorkerLostFrame::why);
  bool operator==(const WorkerLostFrame&) const = default;
};
struct StoppedFrame {
  static constexpr FrontFrame kKind = FrontFrame::kStopped;
  ReplicaId replica;
  BoundedText<256> why;  // empty when it was asked for
  static constexpr auto kFields = std::make_tuple(&StoppedFrame::replica, &StoppedFrame::why);
  bool operator==(const StoppedFrame&) const = default;
};
struct ClaimsFrame {
  static constexpr FrontFrame kKind = FrontFrame::kClaims;
  std::uint64_t id = 0;
  BoundedList<market::LogClaim, 8> logs;  // ascending by gateway
  static constexpr auto kFields = std::make_tuple(&ClaimsFrame::id, &ClaimsFrame::logs);
  bool operator==(const ClaimsFrame&) const = default;
};
// A gateway has opened the reservation: it serves, and the chain is to be told.
struct OpenedFrame {
  static constexpr FrontFrame kKind = FrontFrame::kOpened;
  ReplicaId replica;
  market::SignedTicket ticket;
  static constexpr auto kFields = std::make_tuple(&OpenedFrame::replica, &OpenedFrame::ticket);
  bool operator==(const OpenedFrame&) const = default;
};
// Answers a ViewAskedFrame: with status 101 and a socket, whose bytes the front carries; or why
// not.
struct ViewToldFrame {
  static constexpr FrontFrame kKind = FrontFrame::kViewTold;
  std::uint64_t id = 0;
  std::uint16_t status = 0;
  BoundedText<256> why;
  static constexpr auto kFields =
      std::make_tuple(&ViewToldFrame::id, &ViewToldFrame::status, &ViewToldFrame::why);
  bool operator==(const ViewToldFrame&) const = default;
};
// Somebody asks to see a replica: what he sent (view_query.h), which is the agent's to judge.
struct ViewAskedFrame {
  static constexpr FrontFrame kKind = FrontFrame::kViewAsked;
  std::uint64_t id = 0;
  BoundedBytes<512> query;
  static constexpr auto kFields = std::make_tuple(&ViewAskedFrame::id, &ViewAskedFrame::query);
  bool operator==(const ViewAskedFrame&) const = default;
};
// What a replica has served since the front started, for `foghost status` and its Publisher. Sent
// when it has changed, at most once a second.
struct UseFrame {
  static constexpr FrontFrame kKind = FrontFrame::kUse;
  ReplicaId replica;
  std::uint64_t served = 0;
  std::uint64_t failed = 0;   // of them, by the workload's fault
  std::uint64_t refused = 0;  // not settled: no worker, queue full, unvouchered
  std::uint64_t fuel = 0;
  std::uint64_t request_bytes = 0;         // bodies
  std::uint64_t response_bytes = 0;        // as billed
  std::uint64_t outbound_bytes = 0;        // to other servers; of that too
  std::uint64_t memory_peak_bytes = 0;     // of one run, the most
  std::uint32_t running = 0, waiting = 0;  // now
  TookCounts took;                         // from the whole request to its end, served ones
  static constexpr auto kFields = std::make_tuple(
      &UseFrame::replica, &UseFrame::served, &UseFrame::failed, &UseFrame::refused, &UseFrame::fuel,
      &UseFrame::request_bytes, &UseFrame::response_bytes, &UseFrame::outbound_bytes,
      &UseFrame::memory_peak_bytes, &UseFrame::running, &UseFrame::waiting, &UseFrame::took);
  bool operator==(const UseFrame&) const = default;
};

}  // namespace fog::executor
