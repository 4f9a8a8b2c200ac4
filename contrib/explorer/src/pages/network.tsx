// The network's parameters and gateways; and the search over everything.
import { useEffect } from "preact/hooks";
import { go, link } from "../router.ts";
import { batch, FogError, or, type Call, type PageOf } from "../node/rpc.ts";
import type { EpochView, Gateway, Params, Service, Status } from "../node/types.ts";
import { unitNames } from "../node/types.ts";
import { country, plural, share, span, whole } from "../ui/format.ts";
import { useAsk, useLive } from "../ui/hooks.ts";
import { Account, Age, Badge, Card, Empty, Facts, Fog, Height, Id, Note, Page, Shown, Stat, Stats, Table, When } from "../ui/parts.tsx";
import { isAddress } from "./people.tsx";
import { unitText } from "./market_parts.tsx";

interface Proposal {
  number: string;
  proposer: string;
  changes: { name: string; value: string }[];
  created_ms: string;
  closes_ms: string;
  applies_ms: string;
  state: string;
  stake_for: string;
  stake_total: string;
}

async function read() {
  const [params, gateways, proposals, epoch, sync, checkpoint] = await batch<any>([
    ["params_get"],
    ["market_gateways", { limit: 256 }],
    ["staking_proposals"],
    ["staking_epoch"],
    ["chain_sync"],
    ["chain_checkpoint"],
  ]);
  if (params instanceof FogError) throw params;
  return {
    params: params as Params,
    gateways: or<PageOf<Gateway>>(gateways, { items: [], next: null, height: "0" }).items,
    proposals: or<{ items: Proposal[] }>(proposals, { items: [] }).items,
    epoch: or<EpochView | null>(epoch, null),
    sync: or<any>(sync, null),
    checkpoint: or<any>(checkpoint, null),
  };
}

const amounts = /(^|_)(burn|min_bond|bond_min|demand_fee|fee_burn)$/;
function paramText(name: string, value: unknown) {
  const text = String(value);
  if (name.endsWith("_ms")) return span(Number(text));
  if (name.endsWith("_permille")) return Number(text) / 10 + " %";
  if (name.endsWith("per_10000")) return Number(text) / 100 + " %";
  if (amounts.test(name)) return <Fog value={text} />;
  return whole(text);
}

function ParamCard({ title, values }: { title: string; values: Record<string, unknown> }) {
  return (
    <Card title={title}>
      <Facts rows={Object.entries(values).filter(([, value]) => typeof value !== "object").map(([name, value]) => [name.replaceAll("_", " ").replace(/ ms$/, ""), paramText(name, value)])} />
    </Card>
  );
}

export function NetworkPage() {
  const found = useAsk(read, [], true);
  const { status } = useLive();
  return (
    <Page title="Network" lead={status ? <>Chain {status.chain_name} <Id value={status.chain_id} what="chain id" /></> : undefined}>
      <Shown of={found} rows={12}>
        {({ params, gateways, proposals, epoch, sync, checkpoint }) => (
          <>
            <Stats>
              <Stat label="Height">{status ? whole(status.height) : "…"}</Stat>
              <Stat label="Waiting transactions" sub="in this node's mempool">
                {status ? whole(status.mempool_txs) : "…"}
              </Stat>
              <Stat label="Base price" sub="droplets a unit">
                {status ? whole(status.base_price) : "…"}
              </Stat>
              <Stat label="Epoch" sub={epoch ? <>began <Age ms={epoch.epoch.started_ms} /></> : " "}>
                {epoch ? whole(epoch.epoch.epoch) : "…"}
              </Stat>
              <Stat label="Oldest block here">{sync ? <Height value={sync.first_height} /> : "…"}</Stat>
            </Stats>
            {checkpoint && (
              <Card title="Checkpoint" note="The last block of the newest epoch that is over. Whoever trusts this node may start another from it.">
                <Facts
                  rows={[
                    ["Block", <Height value={checkpoint.height} />],
                    ["Time", <When ms={checkpoint.time_ms} />],
                    ["To start from it", <Id value={`fogcoind run --trusted ${checkpoint.height}:${checkpoint.block}`} what="command" whole />],
                  ]}
                />
              </Card>
            )}
            <Card title="Gateways" note="End Users' doors: they forward requests to Hosts and vouch for them.">
              <Table
                caption="Gateways"
                rows={gateways}
                rowKey={(one) => one.owner}
                empty="No gateway is registered."
                columns={[
                  { name: "Endpoint", cell: (one) => <span class="mono">{one.endpoint}</span> },
                  { name: "Place", cell: (one) => country(one.location.country) },
                  { name: "Account", cell: (one) => <Account address={one.owner} /> },
                  { name: "Key", cell: (one) => <Id value={one.key} what="gateway key" /> },
                ]}
              />
            </Card>
            <Card title="Proposals" note="Owners of validators propose and vote to change parameters; more than two thirds of the stake must agree.">
              {proposals.length === 0 ? (
                <Empty>None.</Empty>
              ) : (
                <Table
                  caption="Proposals"
                  rows={proposals}
                  rowKey={(one) => one.number}
                  columns={[
                    { name: "Number", cell: (one) => one.number },
                    { name: "Changes", cell: (one) => one.changes.map((change) => `${change.name} = ${change.value}`).join(", ") },
                    { name: "By", cell: (one) => <Account address={one.proposer} copy={false} /> },
                    { name: "State", cell: (one) => <Badge tone={one.state === "applied" || one.state === "accepted" ? "good" : one.state === "open" ? "info" : "plain"}>{one.state}</Badge> },
                    { name: "For it", right: true, cell: (one) => (one.stake_total === "0" ? "–" : share(one.stake_for, one.stake_total)) },
                    { name: "Closes", cell: (one) => <Age ms={one.closes_ms} /> },
                  ]}
                />
              )}
            </Card>
            <div class="three">
              <ParamCard title="Parameters of the ledger" values={params.chain} />
              <ParamCard title="Parameters of staking" values={params.staking} />
              <ParamCard title="Parameters of the market" values={params.market} />
            </div>
            <Card title="Price classes">
              <Table
                caption="Price classes at scale 1"
                rows={[...unitNames]}
                rowKey={(name) => name}
                columns={[
                  { name: "For", cell: (name) => unitText[name][0] },
                  { name: "A", cell: (name) => unitText[name][1] },
                  ...params.market.classes.map((one) => ({ name: one.name, right: true, cell: (name: (typeof unitNames)[number]) => <Fog value={one.prices[name]} /> })),
                ]}
              />
            </Card>
          </>
        )}
      </Shown>
    </Page>
  );
}

// ---- search ----

interface Hit {
  what: string;
  name: string;
  to: string;
}

/** Everything that the words could name; each is looked up, and what exists is shown. */
async function search(words: string): Promise<Hit[]> {
  const text = words.trim();
  const hits: Hit[] = [];
  const tries: { call: Call; hit: (answer: any) => Hit | null }[] = [];
  const bare = text.replace(/[,\s]/g, "");
  if (/^\d{1,19}$/.test(bare)) {
    tries.push({ call: ["chain_block", { height: bare }], hit: () => ({ what: "Block", name: whole(bare), to: link("block", bare) }) });
  }
  if (isAddress(text.toLowerCase())) {
    const address = text.toLowerCase();
    tries.push({ call: ["account_get", { address }], hit: (answer) => ({ what: answer.exists ? "Account" : "Address without an account", name: address, to: link("account", address) }) });
    tries.push({ call: ["market_gateway", { owner: address }], hit: (answer) => ({ what: "Gateway", name: answer.endpoint, to: link("network") }) });
  }
  const hash = /^(0x)?([0-9a-f]{64})$/i.exec(text);
  if (hash) {
    const id = "0x" + hash[2]!.toLowerCase();
    const one = (method: Call[0], param: string, what: string, page: string) =>
      tries.push({ call: [method, { [param]: id }], hit: () => ({ what, name: id, to: link(page, id) }) });
    tries.push({ call: ["tx_get", { id }], hit: (answer) => (answer.place === "unknown" ? null : { what: "Transaction", name: id, to: link("tx", id) }) });
    one("market_bid", "id", "Bid", "bid");
    one("market_lease", "id", "Lease", "lease");
    one("market_host", "id", "Host", "host");
    one("staking_validator", "key", "Validator", "validator");
  }
  const name = text.toLowerCase();
  if (/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
    tries.push({ call: ["market_service", { name }], hit: () => ({ what: "Service", name, to: link("service", name) }) });
  }
  const answers = await batch<any>(tries.map((one) => one.call));
  answers.forEach((answer, i) => {
    if (answer instanceof FogError) return;
    const hit = tries[i]!.hit(answer);
    if (hit) hits.push(hit);
  });
  if (hits.length > 0 || text.length < 2) return hits;
  // Services by a part of their name or summary.
  const [services] = await batch<PageOf<Service>>([["market_services", { limit: 256 }]]);
  for (const service of or(services!, { items: [], next: null, height: "0" }).items) {
    if ((service.name + " " + service.manifest.summary).toLowerCase().includes(name)) hits.push({ what: "Service", name: service.name, to: link("service", service.name) });
  }
  return hits;
}

async function blockById(words: string): Promise<Hit[]> {
  const hash = /^(0x)?([0-9a-f]{64})$/i.exec(words.trim());
  if (!hash) return [];
  // The node has no list by block id, but the newest may be it.
  const [status] = await batch<Status>([["chain_status"]]);
  return status && !(status instanceof FogError) && status.block === "0x" + hash[2]!.toLowerCase() ? [{ what: "Block", name: status.height, to: link("block", status.height) }] : [];
}

export function SearchPage({ query }: { query: URLSearchParams }) {
  const live = useLive();
  const words = query.get("q") ?? "";
  const found = useAsk(async () => {
    const hits = await search(words);
    return hits.length > 0 ? hits : blockById(words);
  }, [words]);
  const id = "0x" + words.trim().toLowerCase().replace(/^0x/, "");
  const recent = live.blocks.find((block) => block.id === id);
  const hits = found.data && found.data.length === 0 && recent ? [{ what: "Block", name: recent.header.height, to: link("block", recent.header.height) }] : found.data;
  useEffect(() => {
    // One thing is meant: there is nothing to choose.
    if (hits?.length === 1) {
      history.replaceState(null, "", hits[0]!.to);
      go(hits[0]!.to);
      dispatchEvent(new HashChangeEvent("hashchange"));
    }
  }, [hits]);
  return (
    <Page title="Search" lead={words ? <>for <span class="mono words">{words}</span></> : "Write a height, a transaction's id, an address, a service's name, or the id of a Host, bid, lease or validator."}>
      {words && (
        <Shown of={{ ...found, data: hits }}>
          {(list) =>
            list.length === 0 ? (
              <Note tone="warn">
                Nothing of this chain is called so. Ids have 64 hexadecimal digits, addresses begin with fog1; what has been closed for long is no longer in the state.
              </Note>
            ) : (
              <Card title={plural(list.length, "thing") + " found"}>
                <ul class="feed">
                  {list.map((hit) => (
                    <li key={hit.to}>
                      <a href={hit.to} class="words">
                        {hit.name}
                      </a>
                      <Badge>{hit.what}</Badge>
                    </li>
                  ))}
                </ul>
              </Card>
            )
          }
        </Shown>
      )}
    </Page>
  );
}
