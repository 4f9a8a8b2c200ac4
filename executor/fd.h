// File descriptors passed between processes, and memory files. Linux.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chain/base/bytes.h"
#include "chain/base/error.h"
#include "chain/base/fd.h"

namespace fog::executor {

// A connected pair of stream sockets, close-on-exec.
ErrorOr<std::pair<UniqueFd, UniqueFd>> make_socket_pair();
// (read end, write end), close-on-exec.
ErrorOr<std::pair<UniqueFd, UniqueFd>> make_pipe();

// An anonymous file in memory that holds `content`, position 0, sealed against any change.
ErrorOr<UniqueFd> make_sealed_memory(const char* name, ByteView content);
// An empty anonymous file in memory.
ErrorOr<UniqueFd> make_memory(const char* name);
// All bytes of a file of known or unknown size, from its start; kExhausted beyond max_bytes.
ErrorOr<Bytes> read_all(int fd, std::size_t max_bytes);

// Sends all of `bytes`, the descriptors (at most 4) with its first byte.
ErrorOr<void> send_all(int socket, ByteView bytes, const std::vector<int>& fds);
// Receives at most out.size() bytes and any descriptors that come with them. 0 bytes: the other
// side has closed. `flags` as in recvmsg, e.g. MSG_DONTWAIT; kUnavailable when it would wait.
ErrorOr<std::size_t> receive(int socket, std::span<std::uint8_t> out, std::vector<UniqueFd>& fds,
                             int flags);

ErrorOr<void> set_nonblocking(int fd, bool on);

}  // namespace fog::executor
