#include "tests/bench/service_stage.h"

#include <fstream>
#include <signal.h>
#include <sstream>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "tests/bench/component_support.h"
#include "wallet/tx_sender.h"

namespace fog::bench {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kRichAccounts = 20;
constexpr std::uint64_t kFogEach = 900;
constexpr double kStartSeconds = 120;

NetworkPlan network_plan(const ServicePlan& plan) {
  NetworkPlan out;
  out.validators = plan.validators;
  out.accounts = kRichAccounts;
  return out;
}

template <class Condition>
void wait_until(const std::string& what, Condition condition) {
  const double end_s = seconds_now() + kStartSeconds;
  while (!condition()) {
    if (seconds_now() > end_s) {
      progress("error: it does not come to this: " + what);
      std::exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

ServiceStage::ServiceStage(const ServicePlan& plan)
    : net_(network_plan(plan)),
      node_(fmt::format("http://127.0.0.1:{}", net_.port(0))),
      wallet_words_(fmt::format("--wallet {0}/wallet.json --passphrase-file {0}/passphrase",
                                folder_.path())) {
  net_.wait_connected();
  std::ofstream(folder_.path() + "/passphrase") << "a passphrase of the bench\n";
  run_or_exit("chmod 600 " + folder_.path() + "/passphrase");
  fogcoin("wallet create");
  fund(fogcoin("wallet accounts").at(0).at("address"));
  for (std::size_t i = 0; i < plan.hosts; ++i) add_host(plan, i);
  add_gateway(plan);
  publish(plan);
  wait_until("the gateway knows the bid", [this] { return explain().is_object(); });
}

std::string ServiceStage::text_of(const std::string& program, const std::string& words) {
  const std::string out = folder_.path() + "/out";
  run_or_exit(fmt::format("{0}/{1} {2} >{3} 2>{4}/err || {{ cat {4}/err >&2; exit 1; }}",
                          program_folder(), program, words, out, folder_.path()));
  std::ifstream file(out);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json ServiceStage::json_of(const std::string& program, const std::string& words) {
  return Json::parse(text_of(program, "--json --node " + node_ + " " + words), nullptr, false);
}

Json ServiceStage::fogcoin(const std::string& words) {
  return json_of("fogcoin", wallet_words_ + " " + words);
}

std::unique_ptr<Child> ServiceStage::start(const std::string& program, const std::string& dir,
                                           const std::vector<std::string>& words) {
  const std::string folder = folder_.path() + "/" + dir;
  std::vector<std::string> command{program_folder() + "/" + program, "--dir", folder, "--node",
                                   node_};
  command.insert(command.end(), words.begin(), words.end());
  return std::make_unique<Child>(command, folder + ".log");
}

void ServiceStage::fund(const std::string& address) {
  const auto to = address_from_text(address);
  CHECK(to.has_value());
  for (const Key& key : net_.keys()) {
    wallet::KeySigner signer(key.secret);
    wallet::TxSender sender(net_.api(0), signer, system_clock(), system_rng());
    Transfer transfer;
    transfer.outputs.push_back({*to, Amount{kFogEach * kDropletsPerFog}});
    must(sender.send({make_message(transfer)}));
  }
}

void ServiceStage::add_host(const ServicePlan& plan, std::size_t number) {
  const std::string dir = fmt::format("host-{}", number);
  const std::string at = fmt::format("--dir {}/{} ", folder_.path(), dir);
  json_of("foghost", at + fmt::format("init --listen 127.0.0.1:{} --country DE --cpu-milli {} "
                                      "--memory-mib {}",
                                      free_port(), plan.host_cpu_milli, plan.host_memory_mib));
  const Json said = json_of("foghost", at + "register --yes " + wallet_words_ + " --account main");
  json_of("foghost", at + "offer --scale 1");
  const auto id = fixed_from_hex<32>(said.at("host").get<std::string>());
  CHECK(id.has_value());
  hosts_.push_back({*id, start("foghost", dir, {"run"})});
}

void ServiceStage::add_gateway(const ServicePlan& plan) {
  const std::string at = fmt::format("--dir {}/gateway --node {} ", folder_.path(), node_);
  std::string address = text_of("foggate", at + "init");
  address.pop_back();
  fogcoin("send " + address + "=100");
  port_ = free_port();
  const std::string url = fmt::format("http://127.0.0.1:{}", port_);
  text_of("foggate", at + "register --endpoint " + url + " --country DE");
  std::vector<std::string> words{"run", "--listen", fmt::format("127.0.0.1:{}", port_)};
  words.insert(words.end(), plan.gateway_words.begin(), plan.gateway_words.end());
  gateway_ = start("foggate", "gateway", words);
  client_ = std::make_unique<rpc::HttpClient>(must(rpc::parse_http_url(url)));
  rpc::HttpRequest health;
  health.target = "/.fog/health";
  wait_until("the gateway serves", [&] { return client_->exchange(health).has_value(); });
}

void ServiceStage::publish(const ServicePlan& plan) {
  must(write_file_atomically(folder_.path() + "/bench.wasm", plan.component, FileMode::kShared));
  const std::string manifest = folder_.path() + "/bench.yaml";
  std::ofstream(manifest) << "name: bench\nruntime: wasm-http\nartifact: bench.wasm\n"
                          << "limits: {memory_mib: 64}\nbid:\n"
                          << plan.bid;
  fogcoin("service publish " + manifest);
  const Json said = fogcoin("bid create " + manifest);
  const auto id = fixed_from_hex<32>(said.at("bid").get<std::string>());
  CHECK(id.has_value());
  bid_ = *id;
}

Json ServiceStage::explain() {
  rpc::HttpRequest request;
  request.target = "/.fog/explain/bench";
  const auto answer = client_->exchange(request);
  return answer && answer->status == 200 ? Json::parse(answer->body, nullptr, false) : Json();
}

std::vector<market::Lease> ServiceStage::leases() {
  return must(read_index<market::Lease>(net_.api(0), market::leases_by_bid(bid_),
                                        state_key(Table::kLease), 10'000));
}

std::size_t ServiceStage::serving() {
  std::size_t count = 0;
  for (const market::Lease& lease : leases())
    count += lease.state == market::LeaseState::kActive && host_of(lease).alive;
  return count;
}

void ServiceStage::wait_serving(std::size_t replicas) {
  wait_until(fmt::format("{} replicas serve", replicas), [&] {
    const Json said = explain();
    return serving() >= replicas && said.is_object() && said["replicas"] >= replicas;
  });
}

ServiceStage::OneHost& ServiceStage::host_of(const market::Lease& lease) {
  for (OneHost& host : hosts_) {
    if (host.id == lease.host) return host;
  }
  progress("error: a lease of a Host that is not of this bench");
  std::exit(1);
}

std::size_t ServiceStage::kill_host_of(const market::Lease& lease) {
  OneHost& host = host_of(lease);
  host.alive = false;
  host.child->kill();
  return static_cast<std::size_t>(&host - hosts_.data());
}

std::size_t ServiceStage::silence_host_of(const market::Lease& lease) {
  OneHost& host = host_of(lease);
  host.alive = false;
  for (const int pid : descendants(host.child->pid())) ::kill(pid, SIGSTOP);
  ::kill(host.child->pid(), SIGSTOP);
  return static_cast<std::size_t>(&host - hosts_.data());
}

}  // namespace fog::bench
