"""The messages between nodes in BCS, built by hand: one well-formed example of each kind, and what is wrong in every
way."""
import struct

from independent_wallet import uleb128
from noise_peer import BULK, CONSENSUS, TRANSACTIONS

VOTE_KINDS = NOTARIZE, NULLIFY, FINALIZE = range(3)


def vote(epoch, view, kind=NOTARIZE, parent_view=0, block=bytes(32)):
    return struct.pack("<QQBQ", epoch, view, kind, parent_view) + block


def signed(vote_bytes, index, signature=bytes(64)):
    return vote_bytes + bytes([index]) + signature


def some(value):
    return b"\x01" + value


NONE = b"\x00"


def certificate(vote_bytes, signatures):
    return vote_bytes + uleb128(len(signatures)) + b"".join(bytes([i]) + s for i, s in signatures)


def header(chain, height, epoch):
    return (chain + struct.pack("<QQQ", height, epoch, 1) + bytes(32) * 5 + NONE + NONE + bytes(32))


def listed(items):
    return uleb128(len(items)) + b"".join(items)


def texts(items):
    """A list of byte strings."""
    return listed([uleb128(len(item)) + item for item in items])


def block(chain, height=1, epoch=0, txs=()):
    return header(chain, height, epoch) + texts(txs) + NONE


class Kind:
    """A kind of message: number, lane, bound in bytes; `example` is well-formed and useless, `counts` are where in it a
    list's count stands and the most it may be."""

    def __init__(self, number, lane, bytes_max, example, counts=()):
        self.number, self.lane, self.bytes_max, self.example, self.counts = number, lane, bytes_max, example, counts


BLOCK_BYTES = 16 * 1024 * 1024 + 256 + 128 * 65 + 4096
VOTE_BYTES, CERTIFICATE_BYTES = 256, 256 + 128 * 65


def kinds(chain, epoch=0):
    """All of consensus/engine/wire.h, by name. `epoch` is where votes belong."""
    # Of a view long gone, so that who reads it needs no signature to pass it over.
    old = vote(epoch, 0)
    head = len(header(chain, 1, epoch))
    ids = listed([bytes(32)])
    return {
        "proposal": Kind(0x10, CONSENSUS, BLOCK_BYTES + VOTE_BYTES, signed(old, 0) + NONE + NONE),
        "vote": Kind(0x11, CONSENSUS, VOTE_BYTES, signed(old, 0)),
        "certificate": Kind(0x12, CONSENSUS, CERTIFICATE_BYTES, certificate(old, [(0, bytes(64))]), [(len(old), 128)]),
        "get certificates": Kind(0x13, CONSENSUS, 64, struct.pack("<QQQ", epoch, 1, 2)),
        "get block": Kind(0x14, CONSENSUS, 64, bytes(32)),
        "block": Kind(0x15, BULK, BLOCK_BYTES, block(chain, txs=[b"x"]), [(head, 65536)]),
        "get block txs": Kind(0x16, CONSENSUS, 64 + 65536 * 4, bytes(32) + listed([bytes(4)]), [(32, 65536)]),
        "block txs": Kind(0x17, CONSENSUS, BLOCK_BYTES, bytes(32) + texts([b"x"]), [(32, 65536), (33, 128 * 1024)]),
        "status": Kind(0x18, CONSENSUS, 128, struct.pack("<QQ", 0, 1) + bytes(32)),
        "get final": Kind(0x19, BULK, 64, struct.pack("<QI", 1, 1)),
        "final": Kind(0x1A, BULK, 20 * 1024 * 1024 + BLOCK_BYTES,
                      struct.pack("<Q", 1) + listed([block(chain)]) + NONE, [(8, 1024)]),
        "announce": Kind(0x1B, TRANSACTIONS, 16 + 4096 * 32, ids, [(0, 4096)]),
        "get txs": Kind(0x1C, TRANSACTIONS, 16 + 4096 * 32, ids, [(0, 4096)]),
        "txs": Kind(0x1D, TRANSACTIONS, 4 * 1024 * 1024 + 128 * 1024 + 64, texts([b"x"]), [(0, 4096), (1, 128 * 1024)]),
    }


def misshapen(kind):
    """(what, bytes) of each way in which this message is no encoding of anything."""
    body = kind.example
    yield "cut short", body[:-1]
    yield "empty", b""
    yield "with a byte too many", body + b"\x00"
    for at, most in kind.counts:
        count = body[at]
        yield f"with the count at {at} not in its shortest form", body[:at] + bytes([count | 0x80, 0]) + body[at + 1:]
        yield f"with the count at {at} beyond its bound", body[:at] + uleb128(most + 1) + body[at + 1:]
        yield f"with the count at {at} beyond 32 bits", body[:at] + b"\xff" * 5 + b"\x01" + body[at + 1:]
