// Watches blocks and events as they become final.
//
//   FOG_NODE=http://127.0.0.1:7780 FOG_MNEMONIC="..." node examples/follow.mjs
import { Client, followBlocks, followEvents, followStatus, KeySigner, parseFog, readTx, Sender, signerFromMnemonic } from '@fogcoin/sdk';

const client = new Client(process.env.FOG_NODE ?? 'http://127.0.0.1:7780');
const sender = new Sender(client, signerFromMnemonic(process.env.FOG_MNEMONIC ?? ''));
const stop = new AbortController();
setTimeout(() => stop.abort(new Error('nothing came')), 60_000).unref();

const { height } = await client.call('chain_status');
const to = KeySigner.random().address;
const paying = (async () => {
  for (let i = 0; i < 3; ++i) await sender.pay(to, parseFog('1'));
})();

// The cursor is the height: store it, and a later run goes on there.
let seen = 0;
for await (const { item: block, cursor } of followBlocks(client, { cursor: height, signal: stop.signal })) {
  for (const tx of block.txs) {
    const names = readTx(tx).body.messages.map((message) => message.name ?? message.kind);
    console.log('block', cursor, 'has', names.join(' '));
    ++seen;
  }
  if (seen >= 3) break;
}
await paying;

for await (const { item: status } of followStatus(client, { signal: stop.signal })) {
  console.log('at height', status.height >= height + 1n);
  break;
}

// What happens in the market to an address, from the oldest that is kept; nothing for a stranger.
const soon = AbortSignal.timeout(300);
try {
  for await (const { item } of followEvents(client, to, { signal: soon })) console.log('event', item.kind);
} catch (error) {
  if (!soon.aborted) throw error;
  console.log('no events');
}
