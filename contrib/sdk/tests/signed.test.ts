/** Keys, signatures, ids, certificates, proofs and prices as the C++ side has recorded them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';
import { readVectors } from './vectors.js';

interface KeyVector { secret: sdk.Hex; public_key: sdk.Hex; x_only_key: sdk.Hex; address: string; digest: sdk.Hex; ecdsa: sdk.Hex; schnorr: sdk.Hex }
interface TxVector { id: sdk.Hex; bcs: sdk.Hex; tx: unknown; units: string; secret?: sdk.Hex; secrets?: sdk.Hex[] }
interface CertificateVector {
  chain_id: sdk.Hex; set: unknown; validators_hash: sdk.Hex; header: unknown; block_id: sdk.Hex; certificate: unknown;
  certificate_hash: sdk.Hex; valid: boolean;
}
interface ProofVector { proof: sdk.StateProof; valid: boolean }

const vectors = readVectors<Record<string, unknown>>('sdk_signed.json');
function having<T>(member: string): T[] {
  const found = vectors.filter((vector) => member in vector) as T[];
  assert.ok(found.length > 0, `no vector has ${member}`);
  return found;
}

function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    assert.ok(error instanceof sdk.ProofError, String(error));
    return false;
  }
}

describe('keys', () => {
  it('have the same addresses and signatures', () => {
    for (const vector of having<KeyVector>('schnorr')) {
      const signer = new sdk.KeySigner(vector.secret);
      const digest = sdk.fromHex(vector.digest);
      assert.equal(signer.publicKey, vector.public_key);
      assert.equal(signer.address, vector.address);
      assert.equal(signer.sign(digest), vector.ecdsa);
      assert.ok(sdk.verifyEcdsa(signer.publicKey, digest, vector.ecdsa));
      assert.ok(sdk.verifySchnorr(vector.x_only_key, digest, vector.schnorr));
      digest[0]! ^= 1;
      assert.ok(!sdk.verifyEcdsa(signer.publicKey, digest, vector.ecdsa));
      assert.ok(!sdk.verifySchnorr(vector.x_only_key, digest, vector.schnorr));
    }
  });

  it('refuse a high S', () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    for (const { public_key, digest, ecdsa } of having<KeyVector>('schnorr')) {
      const s = order - BigInt(`0x${ecdsa.slice(66)}`);
      const high = `${ecdsa.slice(0, 66)}${s.toString(16).padStart(64, '0')}` as sdk.Hex;
      assert.ok(!sdk.verifyEcdsa(public_key, sdk.fromHex(digest), high));
    }
  });
});

/** JSON-RPC names the kind of a message also where its payload cannot be read; here a name promises a body. */
function withoutVainNames(tx: unknown): unknown {
  const { body, auth } = tx as { body: { messages: { kind: number; payload?: unknown }[] }; auth: unknown };
  const messages = body.messages.map((one) => ('payload' in one ? { kind: one.kind, payload: one.payload } : one));
  return { body: { ...body, messages }, auth };
}

describe('transactions', () => {
  it('get the same bytes, ids, units and signatures', async () => {
    for (const vector of having<TxVector>('secret')) {
      if (!('tx' in vector)) continue;
      const { body } = sdk.SignedTx.decode(vector.bcs);
      const tx = await sdk.signTx(body, new sdk.KeySigner(vector.secret!));
      assert.equal(tx.encoded, vector.bcs);
      assert.equal(tx.id, vector.id);
      assert.equal(tx.units, BigInt(vector.units));
      assert.deepEqual(sdk.toJson(sdk.readTx(vector.bcs)), withoutVainNames(vector.tx));
      assert.ok(sdk.verifyTx(sdk.SignedTx.decode(vector.bcs)));
    }
  });

  it('of multisig accounts too, shares in any order', async () => {
    for (const { bcs, id, units, secrets } of having<TxVector>('secrets')) {
      const { body, auth } = sdk.SignedTx.decode(bcs);
      assert.ok('policy' in auth);
      assert.equal(sdk.addressOfPolicy(auth.policy), body.sender);
      const shares = await Promise.all(
        secrets!.map((secret) => sdk.signShare(auth.policy, body, new sdk.KeySigner(secret))));
      const tx = sdk.assembleTx(body, sdk.combineShares(auth.policy, body, [...shares, ...shares].reverse()));
      assert.equal(tx.encoded, bcs);
      assert.equal(tx.id, id);
      assert.equal(tx.units, BigInt(units));
      assert.ok(sdk.verifyTx({ body, auth }));
      assert.ok(!sdk.verifyTx({ body: { ...body, sequence: body.sequence ^ 1n }, auth }));
    }
  });
});

describe('certificates', () => {
  it('hold and do not hold as on the other side', () => {
    const verdicts = having<CertificateVector>('certificate').map((vector) => {
      const set = sdk.ValidatorSet.fromJson(vector.set);
      const certificate = sdk.Certificate.fromJson(vector.certificate);
      assert.equal(sdk.validatorsHash(set), vector.validators_hash);
      assert.equal(sdk.blockId(sdk.BlockHeader.fromJson(vector.header)), vector.block_id);
      const valid = holds(() => sdk.verifyCertificate(vector.chain_id, set, certificate));
      assert.equal(valid, vector.valid);
      return valid;
    });
    assert.ok(verdicts.includes(true) && verdicts.includes(false));
  });
});

describe('state proofs', () => {
  it('hold and do not hold as on the other side', () => {
    const verdicts = having<ProofVector>('proof').map(({ proof, valid }) => {
      const mine = holds(() => sdk.verifyStateProof({ ...proof, height: BigInt(proof.height) }, proof.root));
      assert.equal(mine, valid);
      return mine;
    });
    assert.ok(verdicts.includes(true) && verdicts.includes(false));
  });

  it('count for nothing against another root', () => {
    for (const { proof, valid } of having<ProofVector>('proof')) {
      if (valid) assert.ok(!holds(() => sdk.verifyStateProof(proof, `0x${'12'.repeat(32)}`)));
    }
  });

  it('of absence need the leaf that stands in the place, and it must stand there', () => {
    const [vector] = having<ProofVector>('proof').filter(({ proof, valid }) => valid && proof.other_leaf !== null);
    const { proof } = vector!;
    assert.ok(!holds(() => sdk.verifyStateProof({ ...proof, other_leaf: null }, proof.root)));
    const bent = { ...proof.other_leaf!, path: `0x${'55'.repeat(32)}` as sdk.Hex };
    assert.ok(!holds(() => sdk.verifyStateProof({ ...proof, other_leaf: bent }, proof.root)));
  });
});

describe('amounts', () => {
  it('have the same texts', () => {
    for (const { droplets, fog } of having<{ droplets: string; fog: string }>('droplets')) {
      assert.equal(sdk.formatFog(BigInt(droplets)), fog);
      assert.equal(sdk.parseFog(fog), BigInt(droplets));
    }
    assert.equal(sdk.parseFog('500 droplets'), 500n);
    for (const bad of ['', '-1', '1e3', '1.', '.5', '1.0000000001', '18446744073.709551616', '1 fog', '0x10']) {
      assert.throws(() => sdk.parseFog(bad), sdk.InvalidInput, bad);
    }
  });

  it('have the same ladder of caps', () => {
    const [{ cap_steps } = { cap_steps: [] as string[] }] = having<{ cap_steps: string[] }>('cap_steps');
    assert.deepEqual(cap_steps.map((_, step) => sdk.capOfStep(step).toString()), cap_steps);
    assert.equal(sdk.stepFor(1_025n), 1);
    assert.equal(sdk.stepFor(0xffff_ffff_ffff_ffffn), undefined);
  });
});
