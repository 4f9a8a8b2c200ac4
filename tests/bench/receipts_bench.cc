// receipts: what it costs a validator to settle the receipts of live leases that report every
// minute.
//
// A chain of one validator, through the node's own application: every transaction comes in by its
// door (form, state, signature), blocks of one second are built, executed and made final, and each
// is in LevelDB before the next. Receipts extend their lease's Merkle-sum log, carry the gateway's
// signed voucher, are paid from escrow, and their hold-backs are released when the audit window has
// passed. What Hosts and gateways do, signing and logging, is not in the figures.
//
// Time is processor time of all threads, the kernel's part included: a share of one core.
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "market/types/host_link.h"
#include "market/types/messages.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/one_validator.h"
#include "tests/support/test_node.h"

namespace fog::bench {
namespace {

using namespace market;
using fog::testing::TestKey;

struct Options {
  std::uint64_t leases = 100'000;
  std::uint64_t leases_per_host = 100;
  std::uint64_t requests = 600;  // a minute and lease
  std::uint64_t audit_minutes = 10;
  unsigned minutes = 3;  // measured
};

constexpr std::uint64_t kPerSecondNeeded = 1'667;  // 100 000 leases, each once a minute
constexpr std::uint64_t kBlocksPerMinute = 60;     // OneValidator's are a second apart
constexpr std::size_t kReceiptsPerTx = 64;
constexpr std::uint64_t kReplicasPerBid = 250;  // a limit on countries counts to 255

double cpu_seconds_of(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// The genesis' first accounts, then one a Host.
enum class Who : std::uint64_t { kPublisher, kGateway, kFirstHost };
TestKey key_of(Who who, std::uint64_t number = 0) {
  return TestKey(static_cast<std::uint64_t>(who) + number);
}

Genesis make_genesis(const ValidatorKey& validator, std::uint64_t hosts, const Options& options) {
  Genesis genesis = fog::testing::test_genesis(validator, hosts + 2, 1'000'000);
  genesis.market.audit_window_ms = options.audit_minutes * 60'000;
  genesis.market.host_bond_min = Amount{kDropletsPerFog};
  // All leases begin in one block, whatever a block of a real network may search.
  genesis.market.searches_per_block = static_cast<std::uint32_t>(options.leases);
  return genesis;
}

// The market's people, on one validator.
class Market {
 public:
  Market(const Options& options, std::uint64_t leases)
      : options_(options),
        hosts_((leases + options.leases_per_host - 1) / options.leases_per_host),
        leases_(leases),
        validator_(scratch_.path(), key_, make_genesis(key_, hosts_, options)),
        publisher_(key_of(Who::kPublisher)),
        gateway_(key_of(Who::kGateway)) {
    for (std::uint64_t h = 0; h < hosts_; ++h) host_keys_.push_back(key_of(Who::kFirstHost, h));
    sequences_.resize(hosts_ + 2);
    progress(
        fmt::format("{} leases on {} Hosts: registering, matching, acknowledging", leases, hosts_));
    register_all();
    create_bids();
    acknowledge();
    serve_minute();
  }

  // A minute of receipts, each Host in its own second. Returns processor seconds.
  double run_minute() {
    double spent = 0;
    for (std::uint64_t second = 0; second < kBlocksPerMinute; ++second) {
      std::vector<Bytes> txs;
      for (std::uint64_t h = second; h < hosts_; h += kBlocksPerMinute) report(h, txs);
      const double before = cpu_seconds_of(RUSAGE_SELF);
      for (const Bytes& tx : txs) validator_.submit(tx);
      validator_.make_block();
      spent += cpu_seconds_of(RUSAGE_SELF) - before;
    }
    claimed_ = log_.size();
    serve_minute();
    return spent;
  }

  std::uint64_t receipts = 0;
  std::uint64_t bytes() const { return validator_.bytes; }
  const AppTimes& times() const { return validator_.app().times(); }
  std::size_t records() const { return validator_.app().records(); }
  // What a Host was paid so far, all together.
  std::uint64_t earned() const {
    std::uint64_t sum = 0;
    validator_.app().with_state([&](const ReadView& state, const AppInfo&) {
      for (const HostId& id : host_ids_) sum += load<Host>(state, host_key(id))->earned.droplets;
    });
    return sum;
  }

 private:
  Bytes tx(const TestKey& from, std::uint64_t account, const std::vector<RawMessage>& messages) {
    TxBody body = fog::testing::make_body(from.address, sequences_[account]++, messages,
                                          validator_.clock.wall_ms() + 3'600'000);
    body.chain_id = validator_.chain_id;
    body.price_max = 1'000'000;
    last_tx_ = tx_id(body);
    return bcs_encode(fog::testing::sign_tx(body, from));
  }
  std::uint64_t account_of_host(std::uint64_t host) const { return 2 + host; }

  void register_all() {
    RegisterHost registration;
    registration.endpoint = "http://127.0.0.1:9000";
    registration.location.country = "DE";
    const auto room = static_cast<std::uint32_t>(options_.leases_per_host);
    registration.capacity = {room * 100, room * 64, 0, 0, std::nullopt};
    registration.runtimes.push_back(sha256(as_bytes("runtime")));
    registration.bond = Amount{10 * kDropletsPerFog};
    for (std::uint64_t h = 0; h < hosts_; ++h) {
      registration.operator_key = host_keys_[h].public_key;
      validator_.submit(tx(host_keys_[h], account_of_host(h), {make_message(registration)}));
      host_ids_.push_back(make_host_id(last_tx_, 0));
      hosts_by_id_[host_ids_.back()] = h;
      validator_.submit(
          tx(host_keys_[h], account_of_host(h),
             {make_message(SetOffer{host_ids_.back(), 0, kScaleOne, registration.capacity})}));
    }
    validator_.submit(tx(gateway_, 1,
                         {make_message(RegisterGateway{gateway_.public_key, "http://127.0.0.1:8080",
                                                       registration.location})}));
    Manifest manifest;
    manifest.artifact = sha256(as_bytes("artifact"));
    manifest.artifact_bytes = 1;
    manifest.memory_mib = 64;
    manifest.fuel_per_request = 1'000'000;
    validator_.submit(tx(publisher_, 0, {make_message(PublishService{"bench", manifest})}));
    validator_.make_block();
    validator_.make_block();
  }

  void create_bids() {
    for (std::uint64_t left = leases_; left > 0;) {
      const auto replicas = static_cast<std::uint16_t>(std::min(left, kReplicasPerBid));
      left -= replicas;
      CreateBid creation;
      BidTerms& terms = creation.terms;
      terms.service = "bench";
      terms.replicas_min = terms.replicas_max = replicas;
      terms.resources = {100, 64, 0, 0, std::nullopt};
      terms.cap_step = *step_for(4'000'000);
      terms.spend_per_hour_max = Amount{10'000'000};
      terms.constraints.per_host_max = 255;
      terms.gateways.push_back(gateway_.address);
      creation.deposit = Amount{replicas * kDropletsPerFog};
      validator_.submit(tx(publisher_, 0, {make_message(creation)}));
      bids_.push_back(make_bid_id(last_tx_, 0));
      bid_replicas_.push_back(replicas);
    }
    validator_.make_block();
    validator_.make_block();
  }

  void acknowledge() {
    by_host_.resize(hosts_);
    validator_.app().with_state([&](const ReadView& state, const AppInfo&) {
      for (std::size_t b = 0; b < bids_.size(); ++b) {
        for (std::uint32_t n = 0; n < bid_replicas_[b]; ++n) {
          const auto lease = load<Lease>(state, lease_key(make_lease_id(bids_[b], n)));
          CHECK(lease.has_value() && lease->state == LeaseState::kProposed);
          by_host_[hosts_by_id_.at(lease->host)].push_back(lease->id);
        }
      }
    });
    for (std::uint64_t h = 0; h < hosts_; ++h) {
      for (std::size_t from = 0; from < by_host_[h].size(); from += kTxMessagesMax) {
        std::vector<RawMessage> acks;
        const std::size_t to = std::min(by_host_[h].size(), from + kTxMessagesMax);
        for (std::size_t i = from; i < to; ++i)
          acks.push_back(make_message(AckLease{by_host_[h][i], 1}));
        validator_.submit(tx(host_keys_[h], account_of_host(h), acks));
      }
    }
    validator_.make_block();
  }

  // All leases serve alike, so one log stands for all; each has its own voucher.
  void serve_minute() {
    for (std::uint64_t i = 0; i < options_.requests; ++i) {
      LogEntry entry;
      entry.index = log_.size();
      entry.request = sha256(bcs_encode(entry.index));
      entry.response = entry.request;
      entry.counters = {1, 500'000, 2'000};
      CHECK(log_.append(log_leaf(entry)));
      chain_ = extend_chain(chain_, entry.request, entry.response);
    }
    claim_.gateway = gateway_.address;
    claim_.count = log_.size();
    claim_.root = log_.root(log_.size());
    claim_.consistency = log_.consistency(claimed_, log_.size());
  }

  void report(std::uint64_t h, std::vector<Bytes>& txs) {
    for (std::size_t from = 0; from < by_host_[h].size(); from += kReceiptsPerTx) {
      SubmitReceipts message;
      message.host = host_ids_[h];
      const std::size_t to = std::min(by_host_[h].size(), from + kReceiptsPerTx);
      for (std::size_t i = from; i < to; ++i) {
        Voucher voucher;
        voucher.chain_id = validator_.chain_id;
        voucher.lease = by_host_[h][i];
        voucher.gateway = gateway_.address;
        voucher.count = log_.size();
        voucher.response_bytes = log_.size() * 2'000;
        voucher.chain = chain_;
        LogClaim claim = claim_;
        claim.voucher = sign_voucher(voucher, gateway_.secret);
        Receipt receipt;
        receipt.lease = by_host_[h][i];
        receipt.logs.push_back(std::move(claim));
        message.receipts.push_back(std::move(receipt));
        ++receipts;
      }
      txs.push_back(tx(host_keys_[h], account_of_host(h), {make_message(message)}));
    }
  }

  const Options& options_;
  const std::uint64_t hosts_, leases_;
  const ScratchFolder scratch_;
  const ValidatorKey key_ = ValidatorKey::generate(system_rng());
  OneValidator validator_;
  const TestKey publisher_, gateway_;
  std::vector<TestKey> host_keys_;
  std::vector<std::uint64_t> sequences_;  // by account
  TxId last_tx_;
  std::vector<HostId> host_ids_;
  std::map<HostId, std::uint64_t> hosts_by_id_;
  std::vector<BidId> bids_;
  std::vector<std::uint16_t> bid_replicas_;
  std::vector<std::vector<LeaseId>> by_host_;
  SumLog log_;
  Hash32 chain_;
  LogClaim claim_;  // all of it but the voucher
  std::uint64_t claimed_ = 0;
};

struct Size {
  std::uint64_t leases = 0;
  double us = 0;          // processor time a receipt
  double per_second = 0;  // on one core
  double share = 0;       // of one core, with every lease reporting once a minute
};

Size measure(const Options& options, std::uint64_t leases) {
  Market market(options, leases);
  // Until hold-backs are released as fast as they are taken.
  for (std::uint64_t minute = 0; minute <= options.audit_minutes; ++minute) {
    const double took = market.run_minute();
    progress(fmt::format("  minute {}: {:.2f} s", minute, took));
  }
  const std::uint64_t receipts_before = market.receipts;
  const std::uint64_t bytes_before = market.bytes();
  const std::uint64_t execute_before = market.times().execute_ns,
                      tree_before = market.times().tree_ns,
                      commit_before = market.times().commit_ns;
  std::vector<double> seconds;
  for (unsigned minute = 0; minute < options.minutes; ++minute)
    seconds.push_back(market.run_minute());
  const std::uint64_t receipts = market.receipts - receipts_before;
  const double count = static_cast<double>(receipts) / options.minutes;
  CHECK(receipts == leases * options.minutes && market.earned() > 0);
  Size size{leases, median(seconds) * 1e6 / count, count / median(seconds), median(seconds) / 60};
  const auto each = [&](std::uint64_t now, std::uint64_t before) {
    return static_cast<double>(now - before) / 1e3 / static_cast<double>(receipts);
  };
  progress(fmt::format(
      "  {} leases: {:.1f} us a receipt, {:.0f} a second and core, {:.1f} % of a core; executing "
      "(wall) {:.1f}, tree {:.1f}, commit {:.1f} us; {} bytes a receipt; {} records",
      leases, size.us, size.per_second, 100 * size.share,
      each(market.times().execute_ns, execute_before), each(market.times().tree_ns, tree_before),
      each(market.times().commit_ns, commit_before), (market.bytes() - bytes_before) / receipts,
      market.records()));
  return size;
}

int run(const Options& options) {
  std::vector<Size> sizes;
  for (std::uint64_t leases = std::min<std::uint64_t>(1'000, options.leases);
       leases <= options.leases; leases *= 10)
    sizes.push_back(measure(options, leases));
  std::string by_leases;
  for (const Size& size : sizes) {
    by_leases += fmt::format(
        "{}{{\"leases\": {}, \"us\": {:.1f}, \"per_second\": {:.0f}, \"core_share\": {:.4f}}}",
        by_leases.empty() ? "" : ", ", size.leases, size.us, size.per_second, size.share);
  }
  const Size& last = sizes.back();
  print_figures(
      "receipts",
      fmt::format("\"per_second\": {:.0f}, \"ratio\": {:.2f}, \"core_share\": {:.4f}, "
                  "\"us\": {:.1f}, \"growth\": {:.2f}, \"leases\": {}, \"by_leases\": [{}]",
                  last.per_second, last.per_second / static_cast<double>(kPerSecondNeeded),
                  last.share, last.us, last.us / sizes.front().us, last.leases, by_leases));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("Settling the receipts of live leases that report once a minute, on one core");
  app.add_option("--leases", options.leases, "at most; from 1000 in steps of ten")
      ->capture_default_str()
      ->check(CLI::Range(100, 1'000'000));
  app.add_option("--leases-per-host", options.leases_per_host, "")
      ->capture_default_str()
      ->check(CLI::Range(1, 255));
  app.add_option("--requests", options.requests, "a minute and lease")->capture_default_str();
  app.add_option("--audit-minutes", options.audit_minutes, "for which a hold-back is kept")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_option("--minutes", options.minutes, "measured after that; the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
