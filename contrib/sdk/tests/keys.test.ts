/** Mnemonics and derivation, by the vectors that other wallets have made. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';
import { kFolder } from './vectors.js';

interface Compat {
  wallets: {
    mnemonic: string;
    passphrase: string;
    accounts: { index: number; secret_key: string; public_key: string; address: string; signature: string }[];
  }[];
}

describe('mnemonics', () => {
  it('give the keys, addresses and signatures of other wallets', () => {
    const { wallets } = JSON.parse(readFileSync(join(kFolder, 'wallet_compat.json'), 'utf8')) as Compat;
    const digest = sdk.sha256(sdk.utf8('FogCoin wallet compatibility'));
    let compared = 0;
    for (const { mnemonic, passphrase, accounts } of wallets) {
      if (!sdk.isMnemonic(mnemonic)) continue;  // of another language
      const account = sdk.accountsOfMnemonic(mnemonic, passphrase);
      for (const expected of accounts) {
        const signer = account(expected.index);
        assert.equal(signer.secretKey(), `0x${expected.secret_key}`);
        assert.equal(signer.publicKey, `0x${expected.public_key}`);
        assert.equal(signer.address, expected.address);
        assert.equal(signer.sign(digest), `0x${expected.signature}`);
        ++compared;
      }
    }
    assert.ok(compared >= 10, `${compared} accounts`);
  });

  it('may be written carelessly, and not wrongly', () => {
    const words = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
    const expected = sdk.signerFromMnemonic(words).address;
    assert.equal(sdk.signerFromMnemonic(`  ${words.toUpperCase().replaceAll(' ', '\n  ')} `).address, expected);
    assert.throws(() => sdk.signerFromMnemonic(words.replace(/about$/, 'abandon')), sdk.InvalidInput);
    assert.throws(() => sdk.signerFromMnemonic('abandon'), sdk.InvalidInput);
    assert.throws(() => sdk.signerFromMnemonic(words, { index: 2 ** 31 }), sdk.InvalidInput);
  });

  it('are made anew each time, of any length', () => {
    for (const words of [12, 15, 18, 21, 24] as const) {
      const mnemonic = sdk.createMnemonic(words);
      assert.equal(mnemonic.split(' ').length, words);
      assert.ok(sdk.isMnemonic(mnemonic));
      assert.notEqual(sdk.createMnemonic(words), mnemonic);
    }
  });
});

describe('addresses', () => {
  it('are checked', () => {
    const { address } = sdk.KeySigner.random();
    assert.ok(sdk.isAddress(address));
    const typo = address.slice(0, -1) + (address.endsWith('q') ? 'p' : 'q');
    for (const bad of [typo, address.slice(3), address.toUpperCase().slice(0, 10) + address.slice(10), '', 'fog1',
      'cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu']) {
      assert.ok(!sdk.isAddress(bad), bad);
    }
  });
});

describe('secret keys', () => {
  it('are numbers below the order, not zero', () => {
    const order = '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141' as const;
    for (const bad of [order, `0x${'00'.repeat(32)}`, '0x01', `0x${'ff'.repeat(32)}`] as const) {
      assert.throws(() => new sdk.KeySigner(bad), sdk.InvalidInput);
    }
    new sdk.KeySigner(`0x${'00'.repeat(31)}01`);
  });

  it('do not show in what is printed', () => {
    const signer = sdk.KeySigner.random();
    assert.ok(!JSON.stringify(signer).includes(signer.secretKey().slice(2)));
  });
});

describe('policies', () => {
  const keys = Array.from({ length: 17 }, () => sdk.KeySigner.random().publicKey);
  it('have bounds', () => {
    assert.deepEqual(sdk.makePolicy(2, keys.slice(0, 3)).keys, keys.slice(0, 3).sort());
    for (const [threshold, list] of [[0, keys.slice(0, 2)], [3, keys.slice(0, 2)], [1, keys], [1, []],
      [1, [keys[0]!, keys[0]!]], [1, [`0x05${'11'.repeat(32)}`]]] as [number, sdk.Hex[]][]) {
      assert.throws(() => sdk.makePolicy(threshold, list), sdk.InvalidInput);
    }
  });
});
