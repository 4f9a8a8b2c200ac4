"""FogCoin's transport and its messages between nodes, written from BOLT 8, the BCS specification and the headers'
comments, sharing no code with FogCoin: Noise_XK_secp256k1_ChaChaPoly_SHA256 with other people's curve and cipher,
frames, and a peer of two connections that can be told to misbehave. For tests only; its packages are in
hostile_requirements.txt."""
import hashlib
import hmac
import socket
import struct
import time

import coincurve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

NAME = b"Noise_XK_secp256k1_ChaChaPoly_SHA256"
ACT_SIZES = (50, 50, 66)
TAG = 16
PIECE = 32 * 1024

# Lanes; the control lane exists on both connections.
CONSENSUS, TRANSACTIONS, BULK, CONTROL = range(4)
# The network's own kinds.
HELLO, PING, PONG, GET_PEERS, PEERS = range(1, 6)


class HandshakeError(Exception):
    """As BOLT 8's vectors name them: BAD_VERSION, BAD_PUBKEY, BAD_TAG, BAD_CIPHERTEXT, READ_FAILED."""


def derive(salt, material):
    """HKDF with SHA-256, no info, 64 bytes in halves."""
    secret = hmac.digest(salt, material, "sha256")
    first = hmac.digest(secret, b"\x01", "sha256")
    return first, hmac.digest(secret, first + b"\x02", "sha256")


def nonce(number):
    return bytes(4) + struct.pack("<Q", number)


class Handshake:
    """Either side's state. Keys are coincurve's."""

    def __init__(self, own, responder, prologue, ephemeral=None):
        self.own, self.responder = own, responder
        self.ephemeral = ephemeral or coincurve.PrivateKey()
        self.hash = self.chaining = hashlib.sha256(NAME).digest()
        self.mix(prologue)
        self.mix(responder)

    def mix(self, data):
        self.hash = hashlib.sha256(self.hash + data).digest()

    def agree(self, secret, public):
        try:
            shared = secret.ecdh(public)
        except ValueError:
            raise HandshakeError("BAD_PUBKEY") from None
        self.chaining, self.key = derive(self.chaining, shared)

    def seal(self, number, plain):
        sealed = ChaCha20Poly1305(self.key).encrypt(nonce(number), plain, self.hash)
        self.mix(sealed)
        return sealed

    def unseal(self, number, sealed, problem):
        try:
            plain = ChaCha20Poly1305(self.key).decrypt(nonce(number), sealed, self.hash)
        except InvalidTag:
            raise HandshakeError(problem) from None
        self.mix(sealed)
        return plain

    def body(self, act, number):
        if len(act) != ACT_SIZES[number - 1]:
            raise HandshakeError("READ_FAILED")
        if act[0] != 0:
            raise HandshakeError("BAD_VERSION")
        return act[1:]

    def say(self, static):
        """Acts one and two: our ephemeral key, and the proof of what both share by now."""
        own = self.ephemeral.public_key.format()
        self.mix(own)
        self.agree(self.ephemeral, static)
        return b"\x00" + own + self.seal(0, b"")

    def hear(self, act, number, secret):
        body = self.body(act, number)
        self.mix(body[:33])
        self.agree(secret, body[:33])
        self.unseal(0, body[33:], "BAD_TAG")
        return body[:33]

    # The initiator's.
    def act_one(self):
        return self.say(self.responder)

    def act_three(self, act_two):
        theirs = self.hear(act_two, 2, self.ephemeral)
        sealed = self.seal(1, self.own.public_key.format())
        self.agree(self.own, theirs)
        return b"\x00" + sealed + self.seal(0, b"")

    # The responder's.
    def act_two(self, act_one):
        return self.say(self.hear(act_one, 1, self.own))

    def read_act_three(self, act):
        body = self.body(act, 3)
        initiator = self.unseal(1, body[:49], "BAD_CIPHERTEXT")
        self.agree(self.ephemeral, initiator)
        self.unseal(0, body[49:], "BAD_TAG")
        return initiator

    def ciphers(self, initiates):
        """(for sending, for receiving)."""
        first, second = derive(self.chaining, b"")
        both = Cipher(self.chaining, first), Cipher(self.chaining, second)
        return both if initiates else both[::-1]


class Cipher:
    """One direction; a new key after every 1000 uses."""

    def __init__(self, chaining, key):
        self.chaining, self.key, self.uses = chaining, key, 0
        self.cipher = ChaCha20Poly1305(key)

    def use(self, act, data):
        out = act(nonce(self.uses), data, None)
        self.uses += 1
        if self.uses == 1000:
            self.chaining, self.key = derive(self.chaining, self.key)
            self.cipher, self.uses = ChaCha20Poly1305(self.key), 0
        return out

    def seal(self, plain):
        """A frame: its length and its bytes, each sealed."""
        return self.use(self.cipher.encrypt, struct.pack(">H", len(plain))) + self.use(self.cipher.encrypt, plain)

    def unseal(self, sealed):
        return self.use(self.cipher.decrypt, sealed)


def frames(lane, kind, body):
    """The frames of one message."""
    first = bytes([0x80 | lane, kind]) + struct.pack("<I", len(body)) + body[:PIECE]
    return [first] + [bytes([lane]) + body[at:at + PIECE] for at in range(PIECE, len(body), PIECE)]


def hello(channel, session=0, port=0, instance=1):
    return bytes([channel]) + struct.pack("<QQH", instance, session, port) + b"\x00"


class Wire:
    """One encrypted connection to a node."""

    def __init__(self, place, timeout=20, source=None):
        self.socket = socket.create_connection(place, timeout, source_address=(source, 0) if source else None)
        self.lanes = {}

    def close(self):
        self.socket.close()

    def receive(self, size):
        """ConnectionError when the other side ends first."""
        out = b""
        while len(out) < size:
            piece = self.socket.recv(size - len(out))
            if not piece:
                raise ConnectionResetError("the node ended the connection")
            out += piece
        return out

    def shake_hands(self, own, node_id, prologue):
        handshake = Handshake(own, node_id, prologue)
        self.socket.sendall(handshake.act_one())
        self.socket.sendall(handshake.act_three(self.receive(ACT_SIZES[1])))
        self.sealer, self.opener = handshake.ciphers(initiates=True)

    def answer_handshake(self, own, prologue):
        """The other side dialled us; its id."""
        handshake = Handshake(own, own.public_key.format(), prologue)
        self.socket.sendall(handshake.act_two(self.receive(ACT_SIZES[0])))
        other = handshake.read_act_three(self.receive(ACT_SIZES[2]))
        self.sealer, self.opener = handshake.ciphers(initiates=False)
        return other

    def send_frame(self, frame):
        self.socket.sendall(self.sealer.seal(frame))

    def send(self, lane, kind, body=b""):
        self.socket.sendall(b"".join(map(self.sealer.seal, frames(lane, kind, body))))

    def receive_message(self):
        """(kind, body) of the next whole message."""
        while True:
            size = struct.unpack(">H", self.opener.unseal(self.receive(2 + TAG)))[0]
            frame = self.opener.unseal(self.receive(size + TAG))
            lane = frame[0] & 0x7F
            if frame[0] & 0x80:
                self.lanes[lane] = frame[1], struct.unpack("<I", frame[2:6])[0], [frame[6:]]
            else:
                self.lanes[lane][2].append(frame[1:])
            kind, total, pieces = self.lanes[lane]
            if sum(map(len, pieces)) == total:
                return kind, b"".join(pieces)

    def is_ended(self, seconds=20):
        """Whether the node ends the connection within so long, whatever else it says before."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.socket.settimeout(max(0.01, end - time.monotonic()))
                if not self.socket.recv(65536):
                    return True
        except TimeoutError:
            return False
        except OSError:
            return True
        return False


class Peer:
    """A session of two connections, up on both sides. `source`: from this address; `port`: it says that it listens
    there."""

    def __init__(self, place, node_id, prologue, key=None, port=0, source=None):
        self.key = key or coincurve.PrivateKey()
        self.id = self.key.public_key.format().hex()
        self.consensus = self.bulk = None
        try:
            self.consensus, session = self.join(0, 0, place, source, node_id, prologue, port)
            self.bulk, _ = self.join(1, session, place, source, node_id, prologue, port)
        except BaseException:
            self.close()
            raise

    def join(self, channel, session, place, source, node_id, prologue, port):
        """(one of its connections, the session that the node's answer names)."""
        wire = Wire(place, source=source)
        try:
            wire.shake_hands(self.key, node_id, prologue)
            wire.send(CONTROL, HELLO, hello(channel, session, port=port))
            kind, body = wire.receive_message()
        except BaseException:
            wire.close()
            raise
        if kind != HELLO:
            raise AssertionError(f"instead of a hello came kind {kind}")
        return wire, struct.unpack("<Q", body[9:17])[0]

    def wire(self, lane):
        return self.consensus if lane == CONSENSUS else self.bulk

    def close(self):
        for wire in (self.consensus, self.bulk):
            if wire:
                wire.close()

    def is_ended(self, seconds=20):
        return self.consensus.is_ended(seconds) and self.bulk.is_ended(seconds)
