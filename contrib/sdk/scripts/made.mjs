// What the C++ side reads: signed transactions of every kind, made by this package. The messages' contents are
// those of sdk_types.json, so that they have every shape.
import * as sdk from '../dist/index.js';

/** The vectors of tests/data/vectors/sdk_made.json. `types` are those of sdk_types.json. */
export async function makeVectors(types) {
  const signer = (name) => new sdk.KeySigner(sdk.sha256(sdk.utf8(`sdk vectors: ${name}`)));
  const bodyOf = (sender, messages, number) => sdk.buildBody({
    chain_id: sdk.toHex(sdk.sha256(sdk.utf8('sdk vectors: chain'))),
    sender,
    lane: number % sdk.kLanes,
    sequence: BigInt(number) ** 7n,
    expiry_ms: 1_700_000_000_000n + BigInt(number),
    fee: { price_max: 20n + BigInt(number), tip: BigInt(number) },
    messages,
    memo: number % 3 === 0 ? `number ${number}, ✓` : '',
  });
  const made = ({ id, encoded, units }) =>
    ({ id, bcs: encoded, units: units.toString(), tx: sdk.toJson(sdk.readTx(encoded)) });

  const messages = sdk.messageKinds().map((codec) => {
    const vector = types.find(({ type, json }) => json !== undefined && sdk[type] === codec);
    if (!vector) throw new Error(`sdk_types.json has no ${codec.messageName}`);
    return codec.message(codec.fromJson(vector.json));
  });
  const out = [];
  for (const [number, message] of messages.entries()) {
    const one = signer(`key ${number}`);
    out.push(made(await sdk.signTx(bodyOf(one.address, [message], number), one)));
  }
  for (const [threshold, keys] of [[1, 1], [2, 3], [16, 16]]) {
    const holders = Array.from({ length: keys }, (_, i) => signer(`holder ${i} of ${keys}`));
    const policy = sdk.makePolicy(threshold, holders.map(({ publicKey }) => publicKey));
    const body = bodyOf(sdk.addressOfPolicy(policy), messages.slice(0, 4 * threshold), 100 + keys);
    const shares = await Promise.all(holders.map((holder) => sdk.signShare(policy, body, holder)));
    out.push(made(sdk.assembleTx(body, sdk.combineShares(policy, body, shares))));
  }
  return out;
}

/** One vector a line. */
export function asLines(vectors) {
  return `[\n${vectors.map((vector) => JSON.stringify(vector)).join(',\n')}\n]\n`;
}
