// The market as a fuzzer plays it: the input is a row of orders to four people who register, offer,
// publish, bid, acknowledge, serve, claim, close and wait, rightly and wrongly. Whatever they do,
// no check inside the rules may break, and no money appears or vanishes.
#include "market/types/host_link.h"
#include "market/types/messages.h"
#include "tests/support/test_ledger.h"

namespace {

using namespace fog;
using namespace fog::market;
using fog::testing::TestKey;
using fog::testing::TestLedger;

constexpr std::size_t kOrdersMax = 400;
constexpr std::array kServices{"thermostat", "thumbnail"};

// Bytes as choices; zeros when they run out.
class Choices {
 public:
  explicit Choices(ByteView bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : bytes_[at_++]; }
  std::uint64_t below(std::uint64_t bound) { return byte() % bound; }
  bool rarely() { return byte() > 240; }
  template <class T>
  T one_of(const std::vector<T>& all) {
    return all.empty() ? T{} : all[below(all.size())];
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

// One gateway's log of one lease's term.
struct Served {
  SumLog log;
  Voucher voucher;
};

class Play {
 public:
  explicit Play(Choices choices) : choices_(choices), ledger_(started()) { open(1); }

  void run() {
    for (std::size_t i = 0; i < kOrdersMax && !choices_.empty(); ++i) act();
    close();
    CHECK(ledger_.supply().conserved());
  }

 private:
  static const std::vector<TestKey>& people() {
    static const std::vector<TestKey> kPeople{TestKey{1}, TestKey{2}, TestKey{3}, TestKey{4}};
    return kPeople;
  }
  static const Genesis& genesis() {
    static const Genesis kGenesis = fog::testing::test_genesis(people(), 5'000 * kDropletsPerFog);
    return kGenesis;
  }
  const TestKey& person() { return people()[choices_.below(people().size())]; }
  // The market in which every play begins.
  static const TestLedger& started() {
    static const TestLedger kLedger = [] {
      Play setup{TestLedger(genesis())};
      setup.set_up();
      setup.close();
      return setup.ledger_;
    }();
    return kLedger;
  }
  explicit Play(const TestLedger& ledger) : choices_(ByteView{}), ledger_(ledger) { open(1); }
  void set_up() {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      RegisterHost message;
      describe_host(message);
      message.operator_key = people()[i].public_key;
      message.capacity.cpu_milli = 8'000;
      message.bond = Amount{500 * kDropletsPerFog};
      send(people()[i], message);
    }
    send_gateway<RegisterGateway>(people()[3]);
    for (const char* name : kServices) send(people()[2], PublishService{name, manifest()});
    close();
    open(1);
    for (const HostId& id : ids(Table::kAllHosts)) {
      send(operator_of(id), SetOffer{id, 0, kScaleOne, {8'000, 8'192, 10'000, 100, std::nullopt}});
    }
    for (const char* name : kServices) {
      BidTerms wanted = terms();
      wanted.service = name;
      wanted.replicas_min = wanted.replicas_max = 2;
      wanted.resources.cpu_milli = 1'000;
      wanted.cap_step = 60;
      wanted.spend_per_hour_max = Amount{kDropletsPerFog};
      wanted.gateways = {people()[3].address};
      send(people()[2], CreateBid{wanted, Amount{20 * kDropletsPerFog}});
    }
    close();
    open(1);
  }

  // ---- blocks ----
  void open(std::uint64_t after_ms) {
    header_ = ledger_.next_header(after_ms);
    auto begun = BlockExecution::begin(ledger_.state, ledger_.parent_time_ms, header_);
    CHECK(begun.has_value());
    block_.emplace(*std::move(begun));
    sequences_.clear();
  }
  void close() {
    if (!block_->has_content()) {
      header_.beacon.reset();
      CHECK(BlockExecution::begin(ledger_.state, ledger_.parent_time_ms, header_).has_value());
      ledger_.commit(header_, {});
      return;
    }
    ledger_.commit(header_, std::move(*block_).finish().changes);
  }
  void next_block() {
    constexpr std::array<std::uint64_t, 8> kWaits{1,      100,     1'000,   20'000,
                                                  60'000, 130'000, 200'000, 700'000};
    close();
    open(kWaits[choices_.below(kWaits.size())]);
  }
  template <class M>
  void send(const TestKey& from, const M& message) {
    TxBody body = ledger_.body(from, {make_message(message)});
    body.expiry_ms = header_.time_ms;
    body.price_max = 1'000'000;
    auto& sent = sequences_[from.address];
    body.sequence += sent;
    const auto checked =
        check_form(bcs_encode(fog::testing::sign_tx(body, from)), ledger_.chain_id);
    CHECK(checked.has_value());
    if (block_->apply(*checked)) ++sent;
  }

  // ---- what there is: in the state after the last block ----
  std::vector<Hash32> ids(Table table) const {
    std::vector<Hash32> out;
    const auto first = static_cast<std::uint8_t>(table);
    ledger_.state.scan({first}, {static_cast<std::uint8_t>(first + 1)},
                       [&](const StateKey& key, const Bytes&) {
                         out.push_back(*fixed_from<32>(ByteView(key).last(32)));
                         return true;
                       });
    return out;
  }
  HostId host() { return choices_.one_of(ids(Table::kAllHosts)); }
  BidId bid() { return choices_.one_of(ids(Table::kBidsByOwner)); }
  Lease lease() {
    const LeaseId id = choices_.one_of(ids(Table::kLeasesByBid));
    return load<Lease>(ledger_.state, lease_key(id)).value_or(Lease{});
  }
  // The person who speaks for a Host; now and then somebody else.
  const TestKey& operator_of(const HostId& id) {
    const auto record = load<Host>(ledger_.state, host_key(id));
    for (const TestKey& someone : people()) {
      if (record && !choices_.rarely() && someone.address == record->operator_account) {
        return someone;
      }
    }
    return person();
  }

  // Mostly the one who owns the services at first.
  const TestKey& publisher() { return choices_.rarely() ? person() : people()[2]; }

  // ---- what people send ----
  template <class M>
  void describe_host(M& message) {
    message.operator_key = person().public_key;
    message.endpoint = std::string("http://127.0.0.1:8000");
    message.location.country = std::string(choices_.below(2) == 0 ? "CH" : "DE");
    message.capacity = {static_cast<std::uint32_t>(500 * choices_.below(17)), 8'192, 10'000, 100,
                        std::nullopt};
    message.runtimes.push_back(sha256(as_bytes("profile")));
    if (choices_.rarely()) {
      message.attributes[std::string("disk")] = std::to_string(choices_.below(16));
    }
  }
  Manifest manifest() {
    Manifest out;
    out.artifact = sha256(as_bytes("artifact"));
    out.artifact_bytes = 1'000;
    out.fuel_per_request = 1'000'000'000;
    out.request_bytes_max = out.response_bytes_max = 1'000'000;
    return out;
  }
  BidTerms terms() {
    BidTerms out;
    out.service = std::string(kServices[choices_.below(2)]);
    out.replicas_min = static_cast<std::uint16_t>(choices_.below(4));
    out.replicas_max = static_cast<std::uint16_t>(1 + choices_.below(4));
    out.resources = {static_cast<std::uint32_t>(500 * choices_.below(5)), 512, 100, 0,
                     std::nullopt};
    out.profile = {choices_.below(8) * 1'000'000'000, 1'000'000, 1'000};
    out.cap_step =
        static_cast<std::uint8_t>(choices_.rarely() ? kCapSteps : 35 + choices_.below(35));
    out.spend_per_hour_max = Amount{choices_.below(256) * 10'000'000};
    out.constraints.per_host_max = static_cast<std::uint8_t>(1 + choices_.below(3));
    if (choices_.rarely()) out.constraints.countries.push_back(std::string("DE"));
    if (choices_.rarely()) {
      out.near = Location{};
      out.near->country = std::string("CH");
      out.constraints.distance_max_km = static_cast<std::uint32_t>(choices_.below(256) * 80);
    }
    if (choices_.rarely()) {
      out.constraints.attributes.push_back({std::string("disk"),
                                            static_cast<AttributeOp>(choices_.below(5)),
                                            {std::string("7")},
                                            choices_.below(2) == 1});
      out.constraints.auditors.push_back(person().address);
    }
    if (choices_.rarely()) out.constraints.cells.push_back(std::string(1, 's'));
    if (choices_.rarely()) out.unit_caps.cpu_core_hour = choices_.byte();
    if (choices_.rarely()) out.lease_ms = choices_.below(256) * 1'000'000;
    if (choices_.rarely()) out.start_by_ms = header_.time_ms + choices_.below(256) * 1'000;
    for (const TestKey& someone : people()) {
      if (choices_.below(2) == 0) out.gateways.push_back(someone.address);
    }
    return out;
  }
  Amount money() { return Amount{choices_.below(256) * 2 * kDropletsPerFog}; }

  // Serves some requests of a gateway and claims them, or less, or more, than was served.
  LogClaim claim(const Lease& lease, const TestKey& gateway) {
    Served& served = served_[{lease.id, lease.term, gateway.address}];
    for (std::uint64_t i = choices_.below(20); i > 0; --i) {
      LogEntry entry;
      entry.index = served.log.size();
      entry.counters = {1, choices_.below(256) * 10'000'000, choices_.below(256) * 1'000};
      (void)served.log.append(log_leaf(entry));
      served.voucher.response_bytes += entry.counters.egress_bytes;
    }
    served.voucher.count = served.log.size();
    served.voucher.chain_id = ledger_.chain_id;
    served.voucher.lease = lease.id;
    served.voucher.term = lease.term;
    served.voucher.gateway = gateway.address;
    std::uint64_t from = 0;
    for (const LogState& log : lease.logs) {
      if (log.gateway == gateway.address) from = std::min(log.count, served.log.size());
    }
    LogClaim out;
    out.gateway = gateway.address;
    out.count = served.log.size();
    out.root = served.log.root(out.count);
    out.consistency = served.log.consistency(from, out.count);
    if (choices_.rarely()) out.root.sums.fuel += 1;
    if (choices_.rarely()) ++out.count;
    if (choices_.rarely()) ++served.voucher.count;
    out.voucher = sign_voucher(served.voucher, gateway.secret);
    return out;
  }
  void submit_receipts() {
    SubmitReceipts message;
    for (std::uint64_t i = 1 + choices_.below(2); i > 0; --i) {
      const Lease of = lease();
      Receipt receipt{of.id, of.term, {}};
      std::vector<const TestKey*> gateways;
      for (const TestKey& someone : people()) {
        const bool usual = &someone == &people()[3];
        if (choices_.rarely() != usual) gateways.push_back(&someone);
      }
      std::sort(gateways.begin(), gateways.end(),
                [](const TestKey* a, const TestKey* b) { return a->address < b->address; });
      for (const TestKey* gateway : gateways) receipt.logs.push_back(claim(of, *gateway));
      message.host = of.host;
      message.receipts.push_back(receipt);
    }
    send(operator_of(message.host), message);
  }
  void register_host() {
    RegisterHost message;
    describe_host(message);
    message.bond = money();
    send(person(), message);
  }
  void update_host() {
    UpdateHost message;
    describe_host(message);
    message.host = host();
    message.bond_added = choices_.rarely() ? money() : Amount{};
    send(operator_of(message.host), message);
  }
  void set_offer() {
    SetOffer message;
    message.host = host();
    message.price_class = choices_.rarely() ? std::uint8_t{7} : std::uint8_t{0};
    message.scale = static_cast<Scale>(choices_.below(256) * 200);
    message.offered = {static_cast<std::uint32_t>(500 * choices_.below(17)), 4'096, 5'000, 50,
                       std::nullopt};
    send(operator_of(message.host), message);
  }
  void act() {
    switch (choices_.below(23)) {
      case 0:
        return register_host();
      case 1:
        return update_host();
      case 2:
        return send(person(), RetireHost{host()});
      case 3:
      case 4:
        return set_offer();
      case 5:
        return send(person(), WithdrawOffer{host()});
      case 6:
        return send_gateway<RegisterGateway>(person());
      case 7:
        return send_gateway<UpdateGateway>(person());
      case 8:
        return send(person(),
                    PublishService{std::string(kServices[choices_.below(2)]), manifest()});
      case 9:
        return send(person(), UpdateService{std::string(kServices[choices_.below(2)]), manifest()});
      case 10:
        return send(person(), RetireService{std::string(kServices[choices_.below(2)])});
      case 11:
        return send(publisher(), CreateBid{terms(), money()});
      case 12:
        return send(person(), TopUpBid{bid(), money()});
      case 13:
        return send(person(), CloseBid{bid()});
      case 14: {
        const Lease of = lease();
        return send(operator_of(of.host), AckLease{of.id, of.term});
      }
      case 15: {
        const Lease of = lease();
        return send(operator_of(of.host), ReleaseLease{of.id, of.term, std::string("why")});
      }
      case 16: {
        const HostId of = host();
        return send(operator_of(of), Heartbeat{of});
      }
      case 17:
        return submit_receipts();
      case 18: {
        AdmitAuditors message{host(), {}};
        for (std::uint64_t i = choices_.below(3); i > 0; --i) {
          message.auditors.push_back(person().address);
        }
        return send(person(), message);
      }
      case 19: {
        AttestHost message{host(), {}, header_.time_ms + choices_.below(256) * 1'000};
        message.attributes[std::string("disk")] = std::to_string(choices_.below(16));
        return send(person(), message);
      }
      case 20:
        return send(person(), RevokeAttestation{host()});
      default:
        return next_block();
    }
  }
  template <class M>
  void send_gateway(const TestKey& someone) {
    M message;
    message.key = choices_.rarely() ? person().public_key : someone.public_key;
    message.endpoint = std::string("http://127.0.0.1:9000");
    message.location.country = std::string("CH");
    send(someone, message);
  }

  Choices choices_;
  TestLedger ledger_;
  BlockHeader header_;
  std::optional<BlockExecution> block_;
  std::map<Address, std::uint64_t> sequences_;  // sent in the open block
  std::map<std::tuple<LeaseId, std::uint32_t, Address>, Served> served_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Play(Choices(ByteView(data, size))).run();
  return 0;
}
