#!/usr/bin/env python3
"""The recorded wallets and transaction (tests/data/vectors/wallet_compat.json), which the unit tests hold
FogCoin's wallet to, are what an independent implementation gives. `--write` renews the transaction part."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import independent_wallet as outsider  # noqa: E402

DATA = pathlib.Path(__file__).parents[1] / "data/vectors/wallet_compat.json"


def check(what, got, expected):
    if got != expected:
        sys.exit(f"wallet_vectors: {what}: recorded {expected}, independently {got}")


def check_wallets(wallets):
    digest = outsider.hashlib.sha256(b"FogCoin wallet compatibility").digest()
    for wallet in wallets:
        seed = outsider.seed_of(wallet["mnemonic"], wallet["passphrase"])
        check("seed", seed.hex(), wallet["seed"])
        for account in wallet["accounts"]:
            secret = outsider.derive(seed, f"m/44'/118'/0'/0/{account['index']}")
            key = outsider.public_key(secret)
            check("secret key", secret.to_bytes(32, "big").hex(), account["secret_key"])
            check("public key", key.hex(), account["public_key"])
            check("address", outsider.address(key), account["address"])
            check("signature", outsider.sign(secret, digest).hex(), account["signature"])
            check("verification", outsider.verify(key, digest, bytes.fromhex(account["signature"])), True)


def make_transfer(wallet):
    terms = {"chain_id": "c1" * 32, "lane": 5, "sequence": 300, "expiry_ms": 1_700_000_000_123,
             "price_max": 21, "tip": 1, "memo": "rent for May",
             "outputs": [[wallet["accounts"][1]["public_key"], 1_500_000_000],
                         [wallet["accounts"][2]["public_key"], 1]]}
    tx_id, encoded = outsider.transfer_tx(
        int(wallet["accounts"][0]["secret_key"], 16), bytes.fromhex(terms["chain_id"]), terms["lane"],
        terms["sequence"], terms["expiry_ms"], terms["price_max"], terms["tip"],
        [(outsider.address_bytes(bytes.fromhex(key)), droplets) for key, droplets in terms["outputs"]],
        terms["memo"].encode())
    return {**terms, "id": tx_id.hex(), "encoded": encoded.hex()}


def main():
    data = json.loads(DATA.read_text())
    check_wallets(data["wallets"])
    transfer = make_transfer(data["wallets"][0])
    if "--write" in sys.argv:
        data["transfer"] = transfer
        DATA.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    check("transfer", transfer, data.get("transfer"))
    print(f"wallet_vectors: {sum(len(w['accounts']) for w in data['wallets'])} accounts and a transfer agree")


if __name__ == "__main__":
    main()
