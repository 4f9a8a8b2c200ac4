// Pays somebody and waits until it is final.
//
//   FOG_NODE=http://127.0.0.1:7780 FOG_MNEMONIC="..." node examples/send.mjs
import { Client, formatFog, KeySigner, parseFog, Sender, signerFromMnemonic, TxFailed, TxRefused } from '@fogcoin/sdk';

const client = new Client(process.env.FOG_NODE ?? 'http://127.0.0.1:7780');
const signer = signerFromMnemonic(process.env.FOG_MNEMONIC ?? '');
const sender = new Sender(client, signer);

const to = KeySigner.random().address;
const sent = await sender.pay(to, parseFog('2.5'), { memo: 'hello' });
console.log('final in block', sent.height, 'fee', formatFog(sent.fee));

const { balance } = await client.call('account_get', { address: to });
console.log('received', formatFog(balance));  // the first payment to an address burns a little

// Two kinds of no: refused (nothing will ever happen), and failed in a block (the fee is paid).
try {
  await sender.pay(to, parseFog('1000000000'));
} catch (error) {
  if (error instanceof TxRefused) console.log('refused:', error.fault?.name ?? error.refused);
  else if (error instanceof TxFailed) console.log('failed:', error.fault.name);
  else console.log('not even sent:', error instanceof Error ? error.message : error);
}
