// A wallet, offline: a mnemonic, its addresses, and a transaction signed without any node.
//
//   node examples/wallet.mjs
import { buildBody, createMnemonic, isMnemonic, parseFog, readTx, signerFromMnemonic, signTx, suggestFee, Transfer, verifyTx,
  SignedTx } from '@fogcoin/sdk';

const mnemonic = createMnemonic();  // 24 words: whoever has them has the money
console.log('words', mnemonic.split(' ').length, isMnemonic(mnemonic));

const alice = signerFromMnemonic(mnemonic);
const bob = signerFromMnemonic(mnemonic, { index: 1 });
console.log('alice', alice.address);
console.log('bob', bob.address);

const body = buildBody({
  chain_id: `0x${'11'.repeat(32)}`,  // chain_status tells it
  sender: alice.address,
  sequence: 0n,  // account_get tells it
  expiry_ms: BigInt(Date.now() + 300_000),
  fee: suggestFee(10n),
  messages: [Transfer.message({ outputs: [{ to: bob.address, amount: parseFog('12.5') }] })],
  memo: 'for lunch',
});
const tx = await signTx(body, alice);
console.log('id', tx.id, 'units', tx.units, 'at most', tx.fee_max, 'droplets');

// Whoever gets the bytes can see what they say before passing them on.
const [message] = readTx(tx.encoded).body.messages;
if (message?.name === 'transfer') console.log('pays', message.body.outputs[0]?.amount, 'to', message.body.outputs[0]?.to);
console.log('authorized', verifyTx(SignedTx.decode(tx.encoded)));
