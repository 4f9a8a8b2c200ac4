#include "tests/bench/load_support.h"

#include <algorithm>
#include <fstream>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "chain/types/transaction.h"
#include "consensus/engine/node.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {

Connection::Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const int one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}
Connection::~Connection() {
  ::close(fd_);
}

std::string Connection::exchange(const std::string& request) {
  std::size_t at = 0;
  while (at < request.size()) {
    const ssize_t wrote = ::send(fd_, request.data() + at, request.size() - at, MSG_NOSIGNAL);
    CHECK(wrote > 0);
    at += static_cast<std::size_t>(wrote);
  }
  std::string in;
  std::size_t head_end = std::string::npos;
  std::size_t length = 0;
  std::vector<char> buffer(1 << 16);
  while (head_end == std::string::npos || in.size() < head_end + 4 + length) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    CHECK(got > 0);
    in.append(buffer.data(), static_cast<std::size_t>(got));
    if (head_end != std::string::npos) continue;
    head_end = in.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    const std::size_t field = in.find("Content-Length: ");
    CHECK(field != std::string::npos && field < head_end);
    length = std::strtoull(in.c_str() + field + 16, nullptr, 10);
  }
  return in.substr(head_end + 4);
}

std::vector<Key> make_keys(std::uint64_t count) {
  std::vector<Key> keys;
  for (std::uint64_t i = 0; i < count; ++i) {
    const SecretKey secret = SecretKey::generate(system_rng());
    keys.push_back({secret, secret.public_key(), address_of(secret.public_key())});
  }
  std::sort(keys.begin(), keys.end(),
            [](const Key& a, const Key& b) { return a.address < b.address; });
  return keys;
}

Genesis make_genesis(const std::vector<Key>& keys, const std::vector<ValidatorKey>& validators) {
  Genesis genesis;
  genesis.chain_name = std::string("bench");
  genesis.time_ms = system_clock().wall_ms();
  genesis.market.classes.push_back({std::string("standard"), {1, 1, 1, 1, 1, 1, 1}});
  for (const ValidatorKey& validator : validators)
    genesis.validators.push_back(
        validator.genesis_entry(keys.front().address, Amount{1'000 * kDropletsPerFog}));
  for (const Key& key : keys)
    genesis.accounts.push_back({key.address, Amount{1'000 * kDropletsPerFog}});
  return genesis;
}

Bytes sign_one(const Signing& signing, std::size_t from, std::uint64_t sequence, std::size_t to,
               TxId& id) {
  const Key& key = signing.keys[from];
  SignedTx tx;
  tx.body.chain_id = signing.chain;
  tx.body.sender = key.address;
  tx.body.sequence = sequence;
  tx.body.expiry_ms = system_clock().wall_ms() + 3'600'000;
  tx.body.price_max = 10'000;
  tx.body.tip = 1;
  Transfer transfer;
  transfer.outputs.push_back({signing.keys[to].address, Amount{1}});
  tx.body.messages.push_back(make_message(transfer));
  id = tx_id(tx.body);
  tx.auth = SingleAuth{key.public_key, key.secret.sign_ecdsa(id)};
  return bcs_encode(tx);
}

std::string submit_request(const std::vector<Bytes>& txs) {
  std::string body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx_submit\",\"params\":{\"txs\":[";
  for (const Bytes& tx : txs) body += (&tx == &txs.front() ? "\"" : ",\"") + to_hex0x(tx) + "\"";
  body += "]}}";
  return "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<Batch> sign_batches(Signing& signing, std::uint64_t transfers, std::uint64_t accounts,
                                std::uint64_t batch) {
  const std::uint64_t count = transfers / batch;
  std::vector<Batch> batches(count);
  std::atomic<std::uint64_t> next{0};
  std::vector<std::vector<std::uint64_t>> sequences(count);
  std::uint64_t turn = 0;
  for (auto& list : sequences) {
    for (std::uint64_t i = 0; i < batch; ++i) list.push_back(signing.next[turn++ % accounts]++);
  }
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t b = next++; b < count; b = next++) {
        std::vector<Bytes> txs;
        for (std::uint64_t i = 0; i < batch; ++i) {
          const std::size_t from = (b * batch + i) % accounts;
          TxId id;
          txs.push_back(
              sign_one(signing, from, sequences[b][i], (from * 7 + i + 1) % accounts, id));
          if (i == 0) batches[b].first = id;
          batches[b].last = id;
        }
        batches[b].request = submit_request(txs);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return batches;
}

OneNode::OneNode(const std::string& folder, const std::vector<Key>& keys,
                 const std::vector<std::string>& options) {
  const ValidatorKey validator = ValidatorKey::generate(system_rng());
  const Genesis genesis = make_genesis(keys, {validator});
  chain_ = chain_id_of(genesis);
  NodeOptions node;
  node.directory = folder + "/node";
  must(init_node(node, genesis, validator));
  const std::string port_file = folder + "/port";
  std::vector<std::string> command = {program_folder() + "/fogcoind",
                                      "run",
                                      "--dir",
                                      node.directory,
                                      "--rpc",
                                      "127.0.0.1:0",
                                      "--port-file",
                                      port_file};
  command.insert(command.end(), options.begin(), options.end());
  child_ = std::make_unique<Child>(command, folder + "/log");
  for (int i = 0; i < 200 && port_ == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::ifstream(port_file) >> port_;
  }
  CHECK(port_ != 0);
}

}  // namespace fog::bench
