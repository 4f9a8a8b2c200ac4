#include "tests/bench/host_stage.h"

#include "executor/worker/wasm_runtime.h"
#include "market/types/concurrency.h"
#include "tests/support/loopback.h"

namespace fog::bench {
namespace {

using namespace executor;

constexpr std::uint64_t kTimeMs = 1'700'000'000'000;

std::string header(std::string_view name, std::string_view value) {
  return std::string(name) + ": " + std::string(value) + "\r\n";
}

}  // namespace

HostStage::HostStage(const Bytes& component, std::size_t gateways)
    : operator_key_(SecretKey::generate(system_rng())),
      operator_public_(operator_key_.public_key()),
      artifacts_(must(ArtifactStore::open(folder_.path() + "/artifacts", 1 << 30))),
      code_(must(CodeCache::open(folder_.path() + "/code", Hash32{}, 1 << 30))),
      cgroups_(CgroupRoot::find()),
      workers_({"/proc/self/exe"}),
      compiler_(code_, workers_, cgroups_) {
  must(artifacts_.put(component));
  terms_.service = "hello";
  terms_.resources.cpu_milli = 2'000;
  terms_.resources.memory_mib = 512;
  terms_.runtime = wasm_profile();
  ServeFrame& serve = terms_.serve;
  serve.replica.lease.data[0] = 1;
  market::Manifest& manifest = serve.manifest;
  manifest.runtime = market::RuntimeKind::kWasmHttp;
  manifest.artifact = sha256(component);
  manifest.artifact_bytes = component.size();
  manifest.memory_mib = 128;
  manifest.fuel_per_request = 10'000'000'000;
  manifest.wall_ms = 60'000;
  manifest.request_bytes_max = 1 << 20;
  manifest.response_bytes_max = 1 << 20;
  serve.slots = market::slots_of(terms_.resources, manifest);
  for (std::size_t i = 0; i < gateways; ++i) {
    const SecretKey& key = gateway_keys_.emplace_back(SecretKey::generate(system_rng()));
    const PublicKey known = key.public_key();
    serve.gateways.push_back(
        {address_of(known), known,
         market::make_link_key(operator_key_, known, serve.replica.lease, serve.replica.term)});
  }
  front_ = std::make_unique<FrontClient>(
      FrontProgram{"/proc/self/exe", "front", {folder_.path() + "/front"}},
      testing::listen_on_loopback(),
      FrontEvents{[](const UseFrame&) {},
                  [this](const WorkerLostFrame& lost) {
                    if (ending_) return;
                    progress("error: the worker was lost: " + std::string(lost.why));
                    std::exit(1);
                  },
                  [](const StoppedFrame&) {}});
  port_ = must(front_->wait_listening(20'000));
  runner_ = std::make_unique<ReplicaRunner>(
      terms_, RunnerServices{artifacts_, code_, cgroups_, compiler_, workers_, *front_,
                             folder_.path(), [] {}});
  while (runner_->phase() != ReplicaPhase::kServing) {
    if (runner_->phase() == ReplicaPhase::kFailed) {
      progress("error: " + runner_->why());
      std::exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

HostStage::~HostStage() {
  ending_ = true;
  runner_.reset();
}

std::uint64_t HostStage::claimed_requests() {
  std::uint64_t sum = 0;
  for (const auto& claim : must(front_->claims(terms_.serve.replica, {}, 10'000))) {
    sum += claim.root.sums.requests;
  }
  return sum;
}

HostGateway::HostGateway(const HostStage& stage, std::size_t index)
    : replica_(stage.serve().replica), key_(stage.gateway_key(index)) {
  link_key_ = market::make_link_key(key_, stage.operator_key(), replica_.lease, replica_.term);
  head_.method = "GET";
  head_.target = "/";
  head_.fields.push_back({"host", "hello.example"});
  head_.time_ms = kTimeMs;
  market::make_canonical(head_);
  request_hash_ = market::request_hash(head_, sha256(ByteView{}));
  voucher_.chain_id = stage.serve().chain;
  voucher_.lease = replica_.lease;
  voucher_.term = replica_.term;
  voucher_.gateway = address_of(key_.public_key());
}

std::string HostGateway::request(std::uint64_t index) const {
  const std::string text = market::request_mac_text(replica_.lease, replica_.term, index, head_);
  return "GET / HTTP/1.1\r\nhost: hello.example\r\n" +
         header("Fog-Lease", executor::to_text(replica_)) +
         header("Fog-Gateway", fog::to_text(voucher_.gateway)) +
         header("Fog-Index", std::to_string(index)) + header("Fog-Time", std::to_string(kTimeMs)) +
         header("Fog-Mac", to_hex(hmac_sha256(link_key_, as_bytes(text)))) + "\r\n";
}

bool HostGateway::learn(const std::string& head, std::string_view body) {
  market::ResponseHead written;
  std::string mac;
  std::uint64_t index = 0, fuel = 0;
  written.status = static_cast<std::uint16_t>(std::stoul(head.substr(head.find(' ') + 1, 3)));
  std::size_t at = head.find("\r\n") + 2;
  for (std::size_t end; (end = head.find("\r\n", at)) != std::string::npos && end > at;
       at = end + 2) {
    const std::string line = head.substr(at, end - at);
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) return false;
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    const std::string value = line.substr(colon + 2);
    if (name == "fog-mac") mac = value;
    if (name == "fog-index") index = std::stoull(value);
    if (name == "fog-fuel") fuel = std::stoull(value);
    written.fields.push_back({name, value});
  }
  market::make_canonical(written);
  response_hash_ = market::response_hash(written, sha256(as_bytes(body)));
  response_bytes_ = market::response_bytes(written, body.size());
  const std::string text =
      market::response_mac_text(replica_.lease, replica_.term, index, written, fuel, 0);
  return mac == to_hex(hmac_sha256(link_key_, as_bytes(text)));
}

std::string HostGateway::voucher(std::uint64_t count) {
  for (; voucher_.count < count; ++voucher_.count) {
    voucher_.response_bytes += response_bytes_;
    voucher_.chain = market::extend_chain(voucher_.chain, request_hash_, response_hash_);
  }
  const market::VoucherUpdate update{market::sign_voucher(voucher_, key_), {}};
  const std::string body(as_text(bcs_encode(update)));
  return "POST /.fog/voucher HTTP/1.1\r\nhost: host\r\n" +
         header("Content-Length", std::to_string(body.size())) + "\r\n" + body;
}

}  // namespace fog::bench
