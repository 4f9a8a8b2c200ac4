"""A wallet written from the standards alone, sharing no code with FogCoin and needing nothing but Python:
BIP-39, BIP-32, secp256k1 with RFC 6979 and low S, Bech32, BCS, and FogCoin's transfer transaction as
DESIGN describes it. Tests use it as the outsider that FogCoin must agree with.

Slow and not safe against side channels: for tests only.
"""
import hashlib
import hmac
import struct
import unicodedata

# ---- secp256k1 (SEC 2) ----

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def point_add(a, b):
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def point_mul(k, point):
    out = None
    while k:
        if k & 1:
            out = point_add(out, point)
        point = point_add(point, point)
        k >>= 1
    return out


def compress(point):
    return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, "big")


def decompress(key):
    x = int.from_bytes(key[1:], "big")
    y = pow(x**3 + 7, (P + 1) // 4, P)
    if key[0] not in (2, 3) or len(key) != 33 or x >= P or (y * y - x**3 - 7) % P:
        raise ValueError("not a compressed point")
    return x, y if y & 1 == key[0] & 1 else P - y


def public_key(secret):
    return compress(point_mul(secret, G))


def rfc6979_nonces(secret, digest):
    """Candidates for k, RFC 6979 section 3.2 with HMAC-SHA-256."""
    reduced = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    material = secret.to_bytes(32, "big") + reduced
    k, v = bytes(32), b"\x01" * 32
    for separator in (b"\x00", b"\x01"):
        k = hmac.digest(k, v + separator + material, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        yield int.from_bytes(v, "big")
        k = hmac.digest(k, v + b"\x00", "sha256")
        v = hmac.digest(k, v, "sha256")


def sign(secret, digest):
    """64 bytes r || s, low S."""
    z = int.from_bytes(digest, "big")
    for k in rfc6979_nonces(secret, digest):
        if not 0 < k < N:
            continue
        r = point_mul(k, G)[0] % N
        s = pow(k, -1, N) * (z + r * secret) % N
        if r and s:
            return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


def verify(key, digest, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not 0 < r < N or not 0 < s <= N // 2:
        return False
    w = pow(s, -1, N)
    z = int.from_bytes(digest, "big")
    point = point_add(point_mul(z * w % N, G), point_mul(r * w % N, decompress(key)))
    return point is not None and point[0] % N == r


# ---- BIP-39 and BIP-32 ----

def seed_of(mnemonic, passphrase=""):
    def nfkd(text):
        return unicodedata.normalize("NFKD", text).encode()
    return hashlib.pbkdf2_hmac("sha512", nfkd(mnemonic), nfkd("mnemonic" + passphrase), 2048)


def derive(seed, path):
    """The secret at a path such as m/44'/118'/0'/0/0."""
    both = hmac.digest(b"Bitcoin seed", seed, "sha512")
    secret, chain = int.from_bytes(both[:32], "big"), both[32:]
    for step in path.split("/")[1:]:
        index = int(step.rstrip("'")) + (2**31 if step.endswith("'") else 0)
        if index >= 2**31:
            data = b"\x00" + secret.to_bytes(32, "big")
        else:
            data = public_key(secret)
        both = hmac.digest(chain, data + index.to_bytes(4, "big"), "sha512")
        secret, chain = (secret + int.from_bytes(both[:32], "big")) % N, both[32:]
    return secret


def account_secret(mnemonic, passphrase="", index=0):
    return derive(seed_of(mnemonic, passphrase), f"m/44'/118'/0'/0/{index}")


# ---- addresses ----

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32_polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    return check


def bech32(prefix, data):
    bits = int.from_bytes(data, "big") << (-len(data) * 8 % 5)
    count = (len(data) * 8 + 4) // 5
    words = [bits >> 5 * (count - 1 - i) & 31 for i in range(count)]
    head = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = bech32_polymod(head + words + [0] * 6) ^ 1
    return prefix + "1" + "".join(BECH32[w] for w in words + [check >> 5 * (5 - i) & 31 for i in range(6)])


def address_bytes(key):
    return hashlib.new("ripemd160", hashlib.sha256(key).digest()).digest()


def address(key):
    return bech32("fog", address_bytes(key))


# ---- FogCoin's transfer ----

def tagged_hash(tag, message):
    head = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(head + head + message).digest()


def uleb128(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def transfer_message(outputs):
    """(kind, payload) of a transfer; outputs are (20-byte address, droplets)."""
    return 1, uleb128(len(outputs)) + b"".join(to + struct.pack("<Q", droplets) for to, droplets in outputs)


def tx_body(chain_id, sender, lane, sequence, expiry_ms, price_max, tip, messages, memo=b""):
    """BCS of a transaction's unsigned body; messages are (kind, payload)."""
    return (chain_id + sender + bytes([lane]) + struct.pack("<QQQQ", sequence, expiry_ms, price_max, tip)
            + uleb128(len(messages))
            + b"".join(struct.pack("<H", kind) + uleb128(len(payload)) + payload for kind, payload in messages)
            + uleb128(len(memo)) + memo)


def tx_id(body):
    return tagged_hash("fog/tx", body)


def signed_tx(body, key, signature):
    """BCS of a transaction that one key signed."""
    return body + uleb128(0) + key + signature


def transfer_tx(secret, chain_id, lane, sequence, expiry_ms, price_max, tip, outputs, memo=b""):
    """(id, signed bytes) of a transfer; outputs are (20-byte address, droplets)."""
    key = public_key(secret)
    body = tx_body(chain_id, address_bytes(key), lane, sequence, expiry_ms, price_max, tip,
                   [transfer_message(outputs)], memo)
    return tx_id(body), signed_tx(body, key, sign(secret, tx_id(body)))
