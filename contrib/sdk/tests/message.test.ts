/** Signed messages: the signatures that the C++ wallet recorded, and what must not pass for one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';
import { readVectors } from './vectors.js';

interface MessageVector { secret: sdk.Hex; address: sdk.Address; text: string; digest: sdk.Hex; signature: sdk.Hex }
const vectors = readVectors<MessageVector>('messages.json');

describe('signed messages', () => {
  it('are byte for byte those of the C++ wallet', async () => {
    assert.ok(vectors.length > 3);
    for (const { secret, address, text, digest, signature } of vectors) {
      assert.equal(sdk.toHex(sdk.messageDigest(text)), digest);
      assert.equal(await sdk.signMessage(text, new sdk.KeySigner(secret)), signature);
      assert.ok(sdk.verifyMessage(address, text, signature));
    }
  });

  it('are of one text, one address and one form', () => {
    const [first, second] = [vectors[1]!, vectors[2]!];
    assert.ok(!sdk.verifyMessage(first.address, `${first.text} `, first.signature));
    assert.ok(!sdk.verifyMessage(second.address, first.text, first.signature));
    assert.ok(!sdk.verifyMessage(first.address, first.text, second.signature));
    assert.ok(!sdk.verifyMessage(first.address, first.text, first.signature.slice(0, -2) as sdk.Hex));
    assert.ok(!sdk.verifyMessage(first.address, first.text, '0xzz' as sdk.Hex));
  });
});
