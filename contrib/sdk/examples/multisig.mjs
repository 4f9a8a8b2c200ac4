// Two of three people together: an account that no single key can spend from.
//
//   FOG_NODE=http://127.0.0.1:7780 FOG_MNEMONIC="..." node examples/multisig.mjs
import { accountsOfMnemonic, addressOfPolicy, assembleTx, Client, combineShares, draftTx, formatFog, KeySigner, makePolicy,
  parseFog, Sender, signerFromMnemonic, signShare, submitTx, Transfer, TxBody, waitTx, createMnemonic } from '@fogcoin/sdk';

const client = new Client(process.env.FOG_NODE ?? 'http://127.0.0.1:7780');
const rich = new Sender(client, signerFromMnemonic(process.env.FOG_MNEMONIC ?? ''));

// Each holder makes a key and shows the public one.
const account = accountsOfMnemonic(createMnemonic());
const holders = [account(0), account(1), account(2)];
const policy = makePolicy(2, holders.map((holder) => holder.publicKey));
const shared = addressOfPolicy(policy);
await rich.pay(shared, parseFog('10'));

// One drafts, two sign the same bytes wherever they are, anybody puts the shares together.
const to = KeySigner.random().address;
const body = await draftTx(client, shared, [Transfer.message({ outputs: [{ to, amount: parseFog('4') }] })], {}, policy);
const bytes = TxBody.encode(body);
const [first, , third] = holders;
if (!first || !third) throw new Error('unreachable');
const shares = [await signShare(policy, TxBody.decode(bytes), third), await signShare(policy, TxBody.decode(bytes), first)];
const tx = assembleTx(body, combineShares(policy, body, shares));
await submitTx(client, tx);
const sent = await waitTx(client, tx);
console.log('final in block', sent.height, 'fee', formatFog(sent.fee));

const left = await client.call('account_get', { address: shared });
console.log('left', left.balance === parseFog('10') - 10_000n - parseFog('4') - sent.fee);  // 10 000 burned on creation
