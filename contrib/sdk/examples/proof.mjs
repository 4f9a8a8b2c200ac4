// Believes the validators, not the node: a balance with its proof.
//
//   FOG_NODE=http://127.0.0.1:7780 FOG_MNEMONIC="..." node examples/proof.mjs
import { Account, accountKey, askTrust, Client, formatFog, KeySigner, LightClient, parseFog, ProofError, Sender,
  signerFromMnemonic } from '@fogcoin/sdk';

const client = new Client(process.env.FOG_NODE ?? 'http://127.0.0.1:7780');
const sender = new Sender(client, signerFromMnemonic(process.env.FOG_MNEMONIC ?? ''));

// Whose signatures count: ask several nodes of different people, or start from a checkpoint (trustCheckpoint).
const light = new LightClient(client, await askTrust(client));

const somebody = KeySigner.random().address;
await sender.pay(somebody, parseFog('3'));
// The root of a state stands in the next block's header; on an idle chain that comes with the next transaction.
const reading = light.read(accountKey(somebody), Account);
await sender.pay(somebody, parseFog('1'));
const { value, height } = await reading;
console.log('proved: after block', height, somebody, 'holds', value && formatFog(value.balance));

// Absence is proved too.
const nobody = light.read(accountKey(KeySigner.random().address), Account);
await sender.pay(somebody, parseFog('1'));
console.log('proved: no such account', (await nobody).value);

// A node that lies is found out: this one doubles every balance.
const lying = new Client({
  async send(request, options) {
    const answer = /** @type {any} */ (await client.transport.send(request, options));
    const { value } = answer.result ?? {};
    if (typeof value === 'string') answer.result.value = value.replace(/^0x../, '0xff');
    return answer;
  },
});
const deceived = new LightClient(lying, light.trust).read(accountKey(somebody), Account);
const refusal = deceived.catch((error) => error);
await sender.pay(somebody, parseFog('1'));
console.log('found out', (await refusal) instanceof ProofError);
