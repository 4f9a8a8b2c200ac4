// A Publisher: publishes a service, looks at what a bid would find, places it, and gets the money back.
//
//   FOG_NODE=http://127.0.0.1:7780 FOG_MNEMONIC="..." node examples/publish.mjs
import { Client, CloseBid, CreateBid, formatFog, parseFog, PublishService, Sender, sha256, signerFromMnemonic, stepFor, toHex,
  utf8 } from '@fogcoin/sdk';

const client = new Client(process.env.FOG_NODE ?? 'http://127.0.0.1:7780');
const publisher = new Sender(client, signerFromMnemonic(process.env.FOG_MNEMONIC ?? ''));
const name = `sdk-${Date.now().toString(36)}`;
const program = utf8('(module)');  // the bytes of a WebAssembly module

await publisher.send(PublishService.message({
  name,
  manifest: {
    summary: 'An example', runtime: 'wasm', artifact: toHex(sha256(program)), artifact_bytes: BigInt(program.length),
    memory_mib: 64, fuel_per_request: 1_000_000_000n, wall_ms: 10_000, request_bytes_max: 65_536n,
    response_bytes_max: 65_536n, env: { GREETING: 'hello' }, port: 0, outbound: [], outbound_bytes_max: 0n, image: '',
    secrets: [], volumes: [], keyvalue_mib: 0,
  },
}));
const service = await client.call('market_service', { name });
console.log('published', service.name, 'version', service.version);

/** @type {import('@fogcoin/sdk').BidTerms} */
const terms = {
  service: name,
  replicas_min: 1,
  replicas_max: 2,
  resources: { cpu_milli: 500, memory_mib: 128, storage_mib: 0, egress_mbps: 10, gpu: null },
  profile: { fuel: 10_000_000_000n, egress_bytes: 1_000_000n, requests: 1_000n },
  cap_step: stepFor(parseFog('0.5')) ?? 127,  // half a FOG an hour
  unit_caps: { cpu_core_hour: null, memory_gib_hour: null, storage_gib_month: null, gpu_hour: null, gfuel: null,
    egress_gib: null, million_requests: null },
  spend_per_hour_max: parseFog('1'),
  constraints: { countries: ['DE', 'FR'], not_countries: [], cells: [], distance_max_km: 0, latency_max_us: 0,
    attributes: [], auditors: [], only_hosts: [], not_hosts: [], only_owners: [], not_owners: [], runtime: null,
    standing_min: 0, per_host_max: 1, per_owner_max: 255, per_country_max: 255 },
  near: null,
  latency_weight: 0,
  verification: 'none',
  gateways: [],
  lease_ms: 0n,
  start_by_ms: 0n,
  warm: 0,
  demands_per_hour: 0,
};
const placed = await publisher.send(CreateBid.message({ terms, deposit: parseFog('5') }));
const { items: bids } = await client.call('market_bids', { service: name });
const bid = bids[0];
if (!bid) throw new Error('the bid is not there');
console.log('placed in block', placed.height, 'in escrow', formatFog(bid.free + bid.locked), 'replicas held', bid.replicas_held);

await publisher.send(CloseBid.message({ bid: bid.id }));
const { items: events } = await client.call('market_events', { address: publisher.address });
console.log('events', events.filter((event) => event.bid === bid.id).map((event) => event.kind).join(' '));
