// The commands of `foghost`, each in a function; main only reads the command line.
#pragma once

#include "chain/base/fd.h"
#include "rpc/programs/cli/context.h"
#include "rpc/programs/cli/dev_options.h"
#include "rpc/programs/host/config.h"

namespace fog::host {

using cli::Json;

// What every command is given.
struct HostCommand {
  std::string dir;
  std::string node;  // empty: the configuration's
  cli::GlobalOptions options;
};

// A node, the operator's account and how to print: what most commands need.
class Operator {
 public:
  // Reads configuration and key; errors say what to do.
  static ErrorOr<std::unique_ptr<Operator>> open(const HostCommand& command);

  const HostConfig& config() const { return config_; }
  const SecretKey& key() const { return key_; }
  NodeApi& node() { return context_->node(); }
  cli::Context& context() { return *context_; }
  // This Host's id: from the file, else the one on the chain with this operator key.
  ErrorOr<market::HostId> host_id();
  ErrorOr<market::Host> host();
  // Signs by the operator's key, sends, waits until final.
  ErrorOr<wallet::Sent> send(const std::vector<RawMessage>& messages, Json& json);

 private:
  Operator(const HostCommand& command, HostConfig config, const SecretKey& key);
  const HostCommand command_;
  HostConfig config_;
  SecretKey key_;
  std::unique_ptr<cli::Context> context_;
};

struct InitOptions {
  std::string listen;
  std::string endpoint;
  std::string tunnel;
  std::string country = "ZZ";
  std::string latitude = "0";
  std::string longitude = "0";
  std::uint32_t cpu_milli = 0;   // 0: measured
  std::uint32_t memory_mib = 0;  // 0: measured
  bool force = false;
};
ErrorOr<void> init(const HostCommand& command, const InitOptions& options);

struct RegisterOptions {
  std::string bond = "100 FOG";
  std::string operator_funds = "1 FOG";
};
ErrorOr<void> register_host(const HostCommand& command, const RegisterOptions& options);
ErrorOr<void> update_host(const HostCommand& command, const std::string& bond_added);
ErrorOr<void> retire(const HostCommand& command);
// Admits these auditors and no others.
ErrorOr<void> admit_auditors(const HostCommand& command, const std::vector<std::string>& auditors);

struct OfferOptions {
  std::string price_class;      // name or number; empty: the configuration's
  std::string scale;            // empty: the configuration's
  std::uint32_t cpu_milli = 0;  // 0: all of the capacity
  std::uint32_t memory_mib = 0;
};
ErrorOr<void> offer(const HostCommand& command, const OfferOptions& options);
ErrorOr<void> withdraw(const HostCommand& command);
// Says that the Host leaves after so many minutes; 0: as soon as the market allows.
ErrorOr<void> drain(const HostCommand& command, std::uint64_t minutes);
// Puts a gateway's ticket on the chain: 0x-hex as `foggate ticket` prints it.
ErrorOr<void> open_lease(const HostCommand& command, const std::string& ticket);

ErrorOr<void> run(const HostCommand& command);
// Runs a service of one's own, as a Host would; without a chain.
ErrorOr<void> dev(const HostCommand& command, const cli::DevOptions& options);
// One process a folder: two would run one replica twice. `command` is what the other one is called.
ErrorOr<UniqueFd> lock_folder(const std::string& dir, const char* command);
// Bound to ADDRESS:PORT, and listening.
ErrorOr<UniqueFd> listen_on(const std::string& place);

ErrorOr<void> status(const HostCommand& command);
struct EarningsOptions {
  std::uint32_t days = 14;  // in the plot
};
ErrorOr<void> earnings(const HostCommand& command, const EarningsOptions& options);
ErrorOr<void> leases(const HostCommand& command);
struct LogOptions {
  std::string lease;  // or the beginning of its id
  std::size_t bytes = 16'384;
  bool follow = false;
};
ErrorOr<void> logs(const HostCommand& command, const LogOptions& options);
ErrorOr<void> doctor(const HostCommand& command);

struct ReplayCommandOptions {
  std::string leaf;      // a file of leaves, or LEASE.TERM/GATEWAY/INDEX in the Host's folder
  std::string artifact;  // the program's file; empty: the Host's folder has it
  bool digest = false;
};
// Runs requests again from their leaves. kRejected without words when one does not hold.
ErrorOr<void> replay(const HostCommand& command, const ReplayCommandOptions& options);

}  // namespace fog::host
