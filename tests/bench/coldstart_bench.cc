// coldstart: a service at zero, on a network of real programs: four validators, a Host that has the
// program compiled, a gateway. Again and again one End User asks after nobody has for a while, over
// a new connection; the time from his request to the end of its answer.
//
// Through a block, the gateway asks the chain, the next block leases the Host, the Host starts a
// worker and acknowledges, another block makes the lease active, and the answer goes out. With
// --warm a reservation stands ready and a ticket opens it.
#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "chain/base/fd.h"
#include "chain/base/file.h"
#include "rpc/client/http_client.h"
#include "tests/bench/component_support.h"
#include "tests/bench/network_support.h"
#include "wallet/tx_sender.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t requests = 50;
  bool warm = false;
  std::uint64_t bytes = 1 << 20;
};

using Json = nlohmann::json;

// The programs of users, in one folder, against one node.
class Actors {
 public:
  Actors(const std::string& folder, const std::string& node) : folder_(folder), node_(node) {
    std::ofstream(folder_ + "/passphrase") << "a passphrase of the bench\n";
    run_or_exit("chmod 600 " + folder_ + "/passphrase");
    fogcoin("wallet create");
  }
  Json fogcoin(const std::string& words) {
    return run("fogcoin", "--json --node " + node_ + " --wallet " + folder_ +
                              "/wallet.json --passphrase-file " + folder_ + "/passphrase " + words);
  }
  Json foghost(const std::string& words) {
    return run("foghost", "--json --dir " + folder_ + "/host --node " + node_ + " " + words);
  }
  std::string foggate(const std::string& words) {
    return text_of("foggate", "--dir " + folder_ + "/gateway --node " + node_ + " " + words);
  }
  std::string wallet_words() const {
    return "--wallet " + folder_ + "/wallet.json --passphrase-file " + folder_ +
           "/passphrase --account main";
  }
  std::unique_ptr<Child> start(const std::string& program, const std::string& dir,
                               const std::vector<std::string>& words) {
    std::vector<std::string> command{program_folder() + "/" + program, "--dir", folder_ + "/" + dir,
                                     "--node", node_};
    command.insert(command.end(), words.begin(), words.end());
    return std::make_unique<Child>(command, folder_ + "/" + program + ".log");
  }

 private:
  std::string text_of(const std::string& program, const std::string& words) {
    const std::string out = folder_ + "/out";
    run_or_exit(program_folder() + "/" + program + " " + words + " >" + out + " 2>" + folder_ +
                "/err || { cat " + folder_ + "/err >&2; exit 1; }");
    std::ifstream file(out);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  Json run(const std::string& program, const std::string& words) {
    return Json::parse(text_of(program, words), nullptr, false);
  }

  const std::string folder_;
  const std::string node_;
};

void pay(NodeApi& node, const Key& from, const std::string& to, std::uint64_t fog) {
  wallet::KeySigner signer(from.secret);
  wallet::TxSender sender(node, signer, system_clock(), system_rng());
  const auto address = address_from_text(to);
  CHECK(address.has_value());
  Transfer transfer;
  transfer.outputs.push_back({*address, Amount{fog * kDropletsPerFog}});
  must(sender.send({make_message(transfer)}));
}

// One request over a new connection; milliseconds until its answer is whole.
double ask(std::uint16_t port) {
  const double start = seconds_now();
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  constexpr std::string_view kRequest =
      "GET /sleeper/ HTTP/1.1\r\nhost: bench.example\r\nconnection: close\r\n\r\n";
  CHECK(::send(socket.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(kRequest.size()));
  std::string answer;
  char part[4096];
  while (const ssize_t got = ::recv(socket.get(), part, sizeof part, 0)) {
    CHECK(got > 0);
    answer.append(part, static_cast<std::size_t>(got));
  }
  const double ms = (seconds_now() - start) * 1e3;
  if (answer.starts_with("HTTP/1.1 200")) return ms;
  progress("error: " + answer);
  std::exit(1);
}

Json explain(rpc::HttpClient& gateway) {
  rpc::HttpRequest request;
  request.target = "/.fog/explain/sleeper";
  const auto answer = gateway.exchange(request);
  return answer && answer->status == 200 ? Json::parse(answer->body, nullptr, false) : Json();
}

// Until nothing runs, and what is to stand ready does.
void wait_asleep(rpc::HttpClient& gateway, bool warm) {
  for (int tries = 0; tries < 1'200; ++tries) {
    const Json said = explain(gateway);
    if (said.is_object() && said["replicas"] == 0 && said["starting"] == 0 && said["asked"] == 0 &&
        said["reserved"] == (warm ? 1 : 0)) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  progress("error: the service does not fall asleep: " + explain(gateway).dump());
  std::exit(1);
}

int run(const Options& options) {
  const Bytes component = hello_component(options.bytes);
  NetworkPlan plan;
  plan.accounts = 10;
  BenchNetwork net(plan);
  net.wait_connected();
  const ScratchFolder folder;
  must(write_file_atomically(folder.path() + "/sleeper.wasm", component, FileMode::kShared));
  std::ofstream(folder.path() + "/sleeper.yaml")
      << "name: sleeper\nruntime: wasm-http\nartifact: sleeper.wasm\nlimits: {memory_mib: 64}\n"
         "bid:\n  replicas: {min: 0, max: 1}\n  resources: {cpu_milli: 1000, memory_mib: 128}\n"
         "  price_cap_per_hour: 5 FOG\n  spend_cap_per_hour: 50 FOG\n  deposit: 500 FOG\n"
         "  demands_per_hour: 5000\n  warm: "
      << (options.warm ? 1 : 0) << "\n";

  Actors actors(folder.path(), fmt::format("http://127.0.0.1:{}", net.port(0)));
  const std::string owner = actors.fogcoin("wallet accounts").at(0).at("address");
  for (const Key& key : net.keys()) pay(net.api(0), key, owner, 900);
  const std::uint16_t host_port = free_port();
  actors.foghost(fmt::format(
      "init --listen 127.0.0.1:{} --country DE --cpu-milli 2000 --memory-mib 1024", host_port));
  actors.foghost("register --yes " + actors.wallet_words());
  actors.foghost("offer --scale 1");
  const auto host = actors.start("foghost", "host", {"run"});
  std::string gateway_address = actors.foggate("init");
  gateway_address.pop_back();
  actors.fogcoin("send " + gateway_address + "=100");
  const std::uint16_t port = free_port();
  const std::string url = fmt::format("http://127.0.0.1:{}", port);
  actors.foggate("register --endpoint " + url + " --country DE");
  const auto gateway =
      actors.start("foggate", "gateway",
                   {"run", "--listen", fmt::format("127.0.0.1:{}", port), "--idle-seconds", "1"});
  rpc::HttpClient client(must(rpc::parse_http_url(url)));
  rpc::HttpRequest health;
  health.target = "/.fog/health";
  for (int i = 0; i < 200 && !client.exchange(health); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  actors.fogcoin("service publish " + folder.path() + "/sleeper.yaml");
  actors.fogcoin("bid create " + folder.path() + "/sleeper.yaml");

  wait_asleep(client, options.warm);
  progress(fmt::format("the first, which compiles: {:.0f} ms", ask(port)));
  std::vector<double> all;
  while (all.size() < options.requests) {
    wait_asleep(client, options.warm);
    // Nothing of the going down is under way any more.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    all.push_back(ask(port));
    if (all.size() % 10 == 0)
      progress(fmt::format("{} requests, p50 {:.1f} ms", all.size(), percentile(all, 0.5)));
  }
  print_figures("coldstart",
                fmt::format("\"p50_ms\": {:.2f}, \"p99_ms\": {:.2f}, \"most_ms\": {:.2f}, "
                            "\"requests\": {}, \"warm\": {}, \"component_bytes\": {}",
                            percentile(all, 0.5), percentile(all, 0.99), percentile(all, 1),
                            all.size(), options.warm, component.size()));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::become_host_process(argc, argv);
  fog::bench::Options options;
  CLI::App app("The first request to a service that does not run");
  app.add_option("--requests", options.requests, "each after the service has gone to sleep")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_flag("--warm", options.warm, "a reservation stands ready");
  app.add_option("--bytes", options.bytes, "of the component that is made")
      ->capture_default_str()
      ->check(CLI::Range(0, 16 << 20));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
