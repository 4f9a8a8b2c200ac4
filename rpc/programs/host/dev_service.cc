#include "rpc/programs/host/dev_service.h"

#include <algorithm>
#include <filesystem>

#include "chain/base/file.h"
#include "executor/worker/wasm_runtime.h"
#include "market/types/concurrency.h"
#include "rpc/programs/host/commands.h"
#include "wallet/private_file.h"

namespace fog::host {
namespace {

constexpr std::uint64_t kArtifactQuotaBytes = 8ULL << 30;
constexpr std::uint64_t kCodeQuotaBytes = 2ULL << 30;
constexpr std::uint64_t kLeavesBytes = 64ULL << 20;
constexpr std::uint64_t kStartTimeoutMs = 20'000;

Hash32 random_id() {
  Hash32 out;
  system_rng().fill(out.data);
  return out;
}

// The key that compiled code is authenticated by: of this folder, made once.
ErrorOr<Hash32> cache_key(const std::string& folder) {
  const std::string path = folder + "/cache.key";
  auto kept = read_file(path, Hash32::kSize);
  if (!kept && kept.error().code != ErrorCode::kNotFound) return Fail{kept.error()};
  if (!kept) {
    const Hash32 made = random_id();
    TRY_VOID(wallet::create_private_file(path, made));
    return made;
  }
  const auto key = fixed_from<Hash32::kSize>(*kept);
  if (!key) return fail(ErrorCode::kCorrupt, path + " is damaged: remove it");
  return *key;
}

}  // namespace

DevService::DevService(DevSetup setup)
    : setup_(std::move(setup)),
      gateway_key_(SecretKey::generate(system_rng())),
      host_key_(SecretKey::generate(system_rng())),
      chain_(random_id()),
      lease_(random_id()),
      cgroups_(executor::CgroupRoot::find()),
      workers_({setup_.program}),
      routes_(gateway_key_) {}

ErrorOr<std::unique_ptr<DevService>> DevService::open(DevSetup setup) {
  const std::string folder = setup.folder;
  TRY(const Hash32 key, cache_key(folder));
  // Of a run that was killed.
  std::error_code ignored;
  std::filesystem::remove_all(folder + "/run", ignored);
  for (const char* name : {"/run", "/run/front", "/run/logs", "/run/volumes", "/run/vouchers"})
    TRY_VOID(make_folder(folder + name));
  std::unique_ptr<DevService> out(new DevService(std::move(setup)));
  TRY_VOID(out->start(key));
  return out;
}

ErrorOr<void> DevService::start(const Hash32& key) {
  TRY(artifacts_, executor::ArtifactStore::open(setup_.folder + "/artifacts", kArtifactQuotaBytes));
  TRY(code_, executor::CodeCache::open(setup_.folder + "/code", key, kCodeQuotaBytes));
  if (setup_.containers) {
    TRY(images_, executor::ImageStore::open(*setup_.containers, setup_.folder + "/images",
                                            kArtifactQuotaBytes, {setup_.registries}));
  }
  compiler_.emplace(*code_, workers_, cgroups_);
  if (const auto worker = executor::WorkerProcess::start({setup_.program}))
    namespaces_refused_ = worker->namespaces_refused();
  TRY(UniqueFd listener, listen_on("127.0.0.1:0"));
  const auto runner_of = [this](const executor::ReplicaId& id) {
    const auto it = std::find_if(runners_.begin(), runners_.end(), [&](const auto& runner) {
      return runner->terms().serve.replica == id;
    });
    return it == runners_.end() ? nullptr : it->get();
  };
  front_ = std::make_unique<executor::FrontClient>(
      executor::FrontProgram{
          setup_.program, "front",
          executor::front_words(run_folder() + "/front", setup_.outbound, kLeavesBytes)},
      std::move(listener),
      executor::FrontEvents{[](const executor::UseFrame&) {},
                            [this, runner_of](const executor::WorkerLostFrame& lost) {
                              const std::lock_guard lock(mutex_);
                              if (auto* runner = runner_of(lost.replica)) runner->on_worker_lost();
                            },
                            [this, runner_of](const executor::StoppedFrame& stopped) {
                              const std::lock_guard lock(mutex_);
                              if (auto* runner = runner_of(stopped.replica))
                                runner->on_front_stopped(stopped.why);
                            }});
  TRY(front_port_, front_->wait_listening(kStartTimeoutMs));
  TRY(uploads_, gateway::ArtifactFolder::open(run_folder() + "/uploads"));
  gateway::GatewayConfig config;
  config.listen_address = setup_.listen.host;
  config.listen_port = setup_.listen.port;
  config.only_service = "dev";
  config.served = setup_.served;
  config.drain_ms_max = 1'000;  // whoever develops waits for nobody
  routes_.serve_only(config.only_service, nullptr);
  server_ = std::make_unique<gateway::GatewayServer>(config, routes_, *uploads_);
  TRY(port_, server_->start());
  return {};
}

DevService::~DevService() {
  stop();
}

std::vector<std::string> DevService::not_isolated() const {
  std::vector<std::string> out;
  for (const std::string& missing : cgroups_.missing()) {
    out.push_back("not limited by a control group: " + missing +
                  " (memory is still bounded by the process's data limit)");
  }
  if (!namespaces_refused_.empty())
    out.push_back("no namespaces of its own: " + namespaces_refused_ + " (seccomp still holds it)");
  return out;
}

executor::RunnerServices DevService::services() {
  return {*artifacts_,
          *code_,
          cgroups_,
          *compiler_,
          workers_,
          *front_,
          run_folder() + "/logs",
          [] {},
          images_.get(),
          setup_.program,
          run_folder() + "/volumes",
          setup_.wrote};
}

ErrorOr<void> DevService::run(const cli::LoadedService& service, const market::Resources& resources,
                              const market::SecretValues& secrets) {
  if (service.manifest.image.empty()) TRY_VOID(artifacts_->put(service.content.bytes()));
  executor::ReplicaTerms terms;
  terms.service = service.file.name;
  terms.resources = resources;
  terms.runtime = executor::wasm_profile();
  terms.serve.replica = {lease_, ++term_};
  terms.serve.chain = chain_;
  terms.serve.beacon = random_id();
  terms.serve.runtime = terms.runtime;
  terms.serve.manifest = service.manifest;
  terms.serve.slots = market::slots_of(resources, service.manifest);
  terms.secrets = [secrets](const std::function<bool()>&) {
    return ErrorOr<market::SecretValues>(secrets);
  };
  terms.serve.gateways.push_back(
      {routes_.gateway(), gateway_key_.public_key(),
       market::make_link_key(host_key_, gateway_key_.public_key(), lease_, term_)});
  auto runner = std::make_unique<executor::ReplicaRunner>(std::move(terms), services());
  const std::lock_guard lock(mutex_);
  // One that never served is of no use any more.
  if (!runners_.empty() && !routed_) runners_.back()->stop(false);
  runners_.push_back(std::move(runner));
  routed_ = false;
  return {};
}

ErrorOr<void> DevService::route(const executor::ReplicaRunner& runner) {
  auto replica = std::make_shared<gateway::Replica>();
  replica->lease = lease_;
  replica->term = runner.terms().serve.replica.term;
  replica->address = "127.0.0.1";
  replica->port = std::to_string(front_port_);
  replica->link_key =
      market::make_link_key(gateway_key_, host_key_.public_key(), lease_, replica->term);
  replica->manifest = runner.terms().serve.manifest;
  TRY(replica->book, gateway::VoucherBook::open(
                         run_folder() + "/vouchers/" + std::to_string(replica->term) + ".vouchers",
                         chain_, lease_, replica->term, gateway_key_));
  routes_.serve_only("dev", replica);
  return {};
}

ErrorOr<DevService::State> DevService::look() {
  std::vector<std::unique_ptr<executor::ReplicaRunner>> gone;  // ends after the lock
  State out;
  const std::lock_guard lock(mutex_);
  if (runners_.empty()) return out;
  executor::ReplicaRunner& last = *runners_.back();
  out = {last.phase(), last.why(), last.worker_starts(), last.computer_use()};
  if (!routed_ && out.phase == executor::ReplicaPhase::kServing) {
    TRY_VOID(route(last));
    routed_ = true;
    for (auto& runner : runners_) {
      if (runner.get() != &last) runner->stop(true);
    }
  }
  for (auto it = runners_.begin(); it != std::prev(runners_.end());) {
    if ((*it)->phase() != executor::ReplicaPhase::kStopped) {
      ++it;
      continue;
    }
    gone.push_back(std::move(*it));
    it = runners_.erase(it);
  }
  return out;
}

void DevService::stop() {
  if (server_) server_->stop();
  std::list<std::unique_ptr<executor::ReplicaRunner>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(runners_);
  }
  for (auto& runner : ending) runner->stop(false);
  ending.clear();
  front_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(run_folder(), ignored);
}

}  // namespace fog::host
