// Unix sockets between a node and its validator's signer: only processes of one user meet here.
#pragma once

#include <chrono>
#include <string>

#include "chain/base/fd.h"
#include "consensus/engine/signer_wire.h"

namespace fog {

using Deadline = std::chrono::steady_clock::time_point;

// Listens at `path`, mode 0600. Makes its directory, mode 0700, if there is none; takes the place
// of a socket that nobody serves any more. Not blocking.
//
// kPermission: others may enter the directory, or it is another user's. kUnavailable: another
// process serves it. kAlreadyExists: something else has that name. kInvalidInput: too long.
ErrorOr<UniqueFd> listen_unix(const std::string& path);
// A connection to whoever serves `path`. Not blocking. kUnavailable when nobody does at the moment,
// kPermission when it is a process of another user.
ErrorOr<UniqueFd> connect_unix(const std::string& path);
// Whether the process at the other end runs as this one's user.
bool is_own_user(int socket);

// Whether the other end is there and has said nothing that was not received yet.
bool is_quiet(int socket);

// All of `bytes`. kTimeout, kNetwork.
ErrorOr<void> send_until(int socket, ByteView bytes, Deadline deadline);
// What has come by the deadline, not empty. kTimeout; kNetwork when the other side is gone.
ErrorOr<Bytes> receive_until(int socket, Deadline deadline);

}  // namespace fog
