// Accounts and validators.
import { useEffect, useState } from "preact/hooks";
import { link } from "../router.ts";
import { batch, FogError, InvalidInput, or, rpc, type PageOf } from "../node/rpc.ts";
import { ServiceLink } from "../node/words.tsx";
import type { AccountInfo, Bid, EpochView, Host, MarketEvent, Service, StakeView, ValidatorView } from "../node/types.ts";
import { country, percent, plural, share, whole } from "../ui/format.ts";
import { useAsk, useLive } from "../ui/hooks.ts";
import { Account, Age, Badge, Button, Card, Copy, Empty, Facts, Fog, Height, Id, Meter, Note, Page, Shown, Stat, Stats, Table, When } from "../ui/parts.tsx";
import { EventFeed } from "./event_feed.tsx";
import { BidState } from "./market_parts.tsx";
import { TxTable, type PlacedTx } from "./tx.tsx";

export function isAddress(text: string): boolean {
  return /^fog1[02-9ac-hj-np-z]{38}$/.test(text);
}

// ---- an account ----

async function readAccount(address: string) {
  const [info, stake, services, bids, hosts, events] = await batch<any>([
    ["account_get", { address }],
    ["staking_stake", { delegator: address }],
    ["market_services", { owner: address, limit: 100 }],
    ["market_bids", { owner: address, limit: 100 }],
    ["market_hosts", { owner: address, limit: 100 }],
    ["market_events", { address, limit: 256 }],
  ]);
  if (info instanceof FogError) throw info;
  return {
    info: info as AccountInfo,
    stake: or<StakeView | null>(stake, null),
    services: or<PageOf<Service>>(services, { items: [], next: null, height: "0" }).items,
    bids: or<PageOf<Bid>>(bids, { items: [], next: null, height: "0" }).items,
    hosts: or<PageOf<Host>>(hosts, { items: [], next: null, height: "0" }).items,
    events: or<PageOf<MarketEvent>>(events, { items: [], next: null, height: "0" }).items,
  };
}

export function AccountPage({ path }: { path: string[] }) {
  const address = path[1] ?? "";
  const found = useAsk(() => (isAddress(address) ? readAccount(address) : Promise.reject(new InvalidInput("This is not an address: it begins with fog1 and has 42 characters."))), [address], true);
  return (
    <Page
      title="Account"
      lead={<Id value={address} what="address" whole />}
      actions={
        isAddress(address) && (
          <a class="button small" href={"#/wallet?to=" + address}>
            Send FOG here
          </a>
        )
      }
    >
      <Shown of={found}>
        {({ info, stake, services, bids, hosts, events }) => {
          const staked = stake?.delegations.reduce((sum, one) => sum + BigInt(one.amount), 0n) ?? 0n;
          const leaving = stake?.unbonding.reduce((sum, one) => sum + BigInt(one.amount), 0n) ?? 0n;
          const escrow = bids.reduce((sum, one) => sum + BigInt(one.free) + BigInt(one.locked), 0n);
          const bonds = hosts.reduce((sum, one) => sum + BigInt(one.bond), 0n);
          return (
            <>
              {!info.exists && <Note tone="warn">Nobody has ever paid to this address, so the chain has no account for it yet.</Note>}
              <Stats>
                <Stat label="Balance">
                  <Fog value={info.balance} />
                </Stat>
                <Stat label="In stake" sub={leaving > 0n ? <><Fog value={leaving} /> on its way out</> : " "}>
                  <Fog value={staked} />
                </Stat>
                <Stat label="In escrow of bids" sub={plural(bids.length, "bid")}>
                  <Fog value={escrow} />
                </Stat>
                <Stat label="Bonded by Hosts" sub={plural(hosts.length, "Host")}>
                  <Fog value={bonds} />
                </Stat>
              </Stats>
              {stake && stake.delegations.length > 0 && (
                <Card title="Stake">
                  <Table
                    caption="Delegations"
                    rows={stake.delegations}
                    rowKey={(row) => row.validator}
                    columns={[
                      { name: "Validator", cell: (row) => <Id value={row.validator} to={link("validator", row.validator)} what="validator key" /> },
                      { name: "Stake", right: true, cell: (row) => <Fog value={row.amount} /> },
                      { name: "Rewards to collect", right: true, cell: (row) => <Fog value={row.rewards} /> },
                    ]}
                  />
                </Card>
              )}
              {hosts.length > 0 && (
                <Card title="Hosts">
                  <Table
                    caption="Hosts of this account"
                    rows={hosts}
                    rowKey={(row) => row.id}
                    columns={[
                      { name: "Host", cell: (row) => <Id value={row.id} to={link("host", row.id)} what="Host id" /> },
                      { name: "Place", cell: (row) => country(row.location.country) },
                      { name: "Leases", right: true, cell: (row) => row.leases_open },
                      { name: "Earned", right: true, cell: (row) => <Fog value={row.earned} /> },
                    ]}
                  />
                </Card>
              )}
              {services.length > 0 && (
                <Card title="Services">
                  <Table
                    caption="Services of this account"
                    rows={services}
                    rowKey={(row) => row.name}
                    columns={[
                      { name: "Service", cell: (row) => <ServiceLink name={row.name} /> },
                      { name: "Summary", cell: (row) => <span class="wrap">{row.manifest.summary || "–"}</span> },
                      { name: "Version", right: true, cell: (row) => row.version },
                      { name: "Open bids", right: true, cell: (row) => row.bids_open },
                    ]}
                  />
                </Card>
              )}
              {bids.length > 0 && (
                <Card title="Bids">
                  <Table
                    caption="Bids of this account"
                    rows={bids}
                    rowKey={(row) => row.id}
                    columns={[
                      { name: "Bid", cell: (row) => <Id value={row.id} to={link("bid", row.id)} what="bid id" /> },
                      { name: "Service", cell: (row) => <ServiceLink name={row.terms.service} /> },
                      { name: "State", cell: (row) => <BidState bid={row} /> },
                      { name: "Escrow", right: true, cell: (row) => <Fog value={BigInt(row.free) + BigInt(row.locked)} /> },
                      { name: "Spent", right: true, cell: (row) => <Fog value={row.spent} /> },
                    ]}
                  />
                </Card>
              )}
              <AccountTxs address={address} />
              <Card title="In the market" note="What the chain remembers of this account's bids, leases and Hosts; it keeps such events for an hour.">
                <EventFeed events={[...events].reverse()} most={60} empty="Nothing in the last hour." />
              </Card>
              <Card title="Lanes" note="Sixteen independent sequences: a transaction that is stuck holds up only its own lane.">
                {info.lanes.length === 0 ? (
                  <Empty>This account has sent nothing yet: every lane begins at 0.</Empty>
                ) : (
                  <Table
                    caption="Lanes in use"
                    rows={info.lanes}
                    rowKey={(row) => String(row.lane)}
                    columns={[
                      { name: "Lane", cell: (row) => row.lane },
                      { name: "Next sequence", right: true, cell: (row) => whole(row.next) },
                    ]}
                  />
                )}
              </Card>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

const atOnce = 25;

interface FinalTx {
  height: string;
  time_ms: string;
  id: string;
  tx: Omit<PlacedTx["tx"], "id">;
  outcome: PlacedTx["outcome"];
}
interface HistoryPage {
  items: FinalTx[];
  next: string | null;
  first_height: string;
}

const placed = ({ height, time_ms, id, tx, outcome }: FinalTx): PlacedTx => ({ tx: { ...tx, id }, outcome, block: { header: { height, time_ms } } });

/** The node's own list, the newest first; what becomes final meanwhile comes on top. */
function AccountTxs({ address }: { address: string }) {
  const live = useLive();
  const [list, set] = useState<{ items: PlacedTx[]; next: string | null; first: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const ask = async (cursor: string | null) => {
    setBusy(true);
    try {
      const page = await rpc<HistoryPage>("account_history", { address, limit: atOnce, ...(cursor ? { cursor } : {}) });
      set((old) => {
        const came = page.items.map(placed);
        const known = new Set(old?.items.map((one) => one.tx.id));
        const fresh = came.filter((one) => !known.has(one.tx.id));
        // A first page of nothing known: between it and what was read there may be more, so it begins anew.
        if (!old || (!cursor && fresh.length === atOnce)) return { items: came, next: page.next, first: page.first_height };
        return cursor ? { items: [...old.items, ...fresh], next: page.next, first: page.first_height } : { ...old, items: [...fresh, ...old.items] };
      });
      setProblem(null);
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const newest = live.status?.height;
  useEffect(() => void ask(null), [address, newest]);
  return (
    <Card title="Transactions">
      {problem && <Note tone="warn">{problem}</Note>}
      <TxTable caption="Transactions that concern this account" items={list?.items ?? []} empty={list ? "None yet." : "Looking."} />
      {list?.next && (
        <div class="more">
          <Button small busy={busy} onClick={() => ask(list.next)}>
            Older ones
          </Button>
        </div>
      )}
      {list && !list.next && Number(list.first) > 1 && (
        <div class="more">
          <span>
            This node keeps no blocks before <Height value={list.first} />.
          </span>
        </div>
      )}
    </Card>
  );
}

// ---- validators ----

interface Standing {
  view: ValidatorView;
  tally: { proposed: number; certified: number; tips: string } | null;
}

async function readValidators() {
  const [validators, epoch] = await batch<any>([["staking_validators"], ["staking_epoch"]]);
  if (validators instanceof FogError) throw validators;
  if (epoch instanceof FogError) throw epoch;
  return { validators: validators.items as ValidatorView[], epoch: epoch as EpochView };
}

function standingOf(view: ValidatorView, epoch: EpochView): Standing {
  const at = epoch.set.validators.findIndex((one) => one.key === view.record.key);
  return { view, tally: at < 0 ? null : (epoch.tally.validators[at] ?? { proposed: 0, certified: 0, tips: "0" }) };
}

export function ValidatorState({ view }: { view: ValidatorView }) {
  if (view.record.tombstoned) return <Badge tone="bad">out for good</Badge>;
  if (Number(view.record.jailed_until_ms) > 0) return <Badge tone="bad">jailed</Badge>;
  if (view.in_set) return <Badge tone="good">validates</Badge>;
  if (view.in_next_set) return <Badge tone="info">from the next epoch</Badge>;
  return <Badge>candidate</Badge>;
}

function Uptime({ tally, epoch }: { tally: Standing["tally"]; epoch: EpochView }) {
  if (!tally) return <span class="muted">not in the set</span>;
  const of = epoch.tally.certificates;
  if (of === 0) return <span class="muted">no block yet</span>;
  return (
    <>
      {percent(tally.certified, of)}
      <Meter part={tally.certified} total={of} label={`In ${tally.certified} of ${of} certificates`} />
    </>
  );
}

export function ValidatorsPage() {
  const found = useAsk(readValidators, [], true);
  return (
    <Page title="Validators" lead="Who orders and finalizes blocks, by the stake behind them. Uptime is how many certificates of this epoch carry the validator's signature; leaders may leave out late votes.">
      <Shown of={found}>
        {({ validators, epoch }) => {
          const total = epoch.set.validators.reduce((sum, one) => sum + BigInt(one.stake), 0n);
          const rows = validators.map((view) => standingOf(view, epoch));
          return (
            <>
              <Stats>
                <Stat label="Epoch" sub={<>began <Age ms={epoch.epoch.started_ms} /></>}>
                  {whole(epoch.epoch.epoch)}
                </Stat>
                <Stat label="In the set">{epoch.set.validators.length}</Stat>
                <Stat label="Stake of the set">
                  <Fog value={total} />
                </Stat>
                <Stat label="Blocks of this epoch">{whole(epoch.tally.blocks)}</Stat>
              </Stats>
              <Card>
                <Table
                  caption="Validators"
                  rows={rows}
                  rowKey={(row) => row.view.record.key}
                  sort={["Stake", true]}
                  columns={[
                    { name: "Validator", cell: (row) => <Id value={row.view.record.key} to={link("validator", row.view.record.key)} what="validator key" /> },
                    { name: "State", cell: (row) => <ValidatorState view={row.view} /> },
                    { name: "Stake", right: true, by: (row) => BigInt(row.view.record.stake), cell: (row) => <Fog value={row.view.record.stake} /> },
                    { name: "Share", right: true, cell: (row) => (row.view.in_set ? share(row.view.record.stake, total) : "–") },
                    { name: "Commission", right: true, by: (row) => row.view.record.commission.rate, cell: (row) => row.view.record.commission.rate / 100 + " %" },
                    { name: "Uptime", right: true, by: (row) => row.tally?.certified ?? -1, cell: (row) => <Uptime tally={row.tally} epoch={epoch} /> },
                    { name: "Proposed", right: true, by: (row) => row.tally?.proposed ?? -1, cell: (row) => (row.tally ? whole(row.tally.proposed) : "–") },
                    { name: "Owner", cell: (row) => <Account address={row.view.record.owner} copy={false} /> },
                  ]}
                />
              </Card>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

export function ValidatorPage({ path }: { path: string[] }) {
  const key = path[1] ?? "";
  const found = useAsk(
    async () => {
      const [view, epoch] = await batch<any>([["staking_validator", { key }], ["staking_epoch"]]);
      if (view instanceof FogError) throw view;
      if (epoch instanceof FogError) throw epoch;
      return { view: view as ValidatorView, epoch: epoch as EpochView };
    },
    [key],
    true,
  );
  return (
    <Page
      title="Validator"
      lead={<Id value={key} what="validator key" whole />}
      actions={
        <a class="button main small" href={"#/stake?validator=" + encodeURIComponent(key)}>
          Delegate
        </a>
      }
    >
      <Shown of={found}>
        {({ view, epoch }) => {
          const { record } = view;
          const total = epoch.set.validators.reduce((sum, one) => sum + BigInt(one.stake), 0n);
          const { tally } = standingOf(view, epoch);
          return (
            <>
              <Stats>
                <Stat label="State">
                  <ValidatorState view={view} />
                </Stat>
                <Stat label="Stake" sub={view.in_set ? share(record.stake, total) + " of the set" : " "}>
                  <Fog value={record.stake} />
                </Stat>
                <Stat label="Uptime in this epoch" sub={tally ? `in ${tally.certified} of ${epoch.tally.certificates} certificates` : " "}>
                  {tally && epoch.tally.certificates ? percent(tally.certified, epoch.tally.certificates) : "–"}
                </Stat>
                <Stat label="Blocks proposed" sub="in this epoch">
                  {tally ? whole(tally.proposed) : "–"}
                </Stat>
              </Stats>
              {record.tombstoned && <Note tone="bad">It voted against itself. The key is out for good and a part of its stake was slashed.</Note>}
              {!record.tombstoned && Number(record.jailed_until_ms) > 0 && (
                <Note tone="warn">
                  It was absent for a whole epoch and is in no new set until its owner takes it out of jail, from <When ms={record.jailed_until_ms} /> on:{" "}
                  <code>fogcoin validator unjail</code>
                </Note>
              )}
              <Card title="Particulars">
                <Facts
                  rows={[
                    ["Owner", <Account address={record.owner} whole />],
                    ["Paid to", <Account address={record.payout} whole />],
                    ["The owner's own stake", <><Fog value={view.owner_stake} /> <span class="muted">{share(view.owner_stake, record.stake)}</span></>],
                    ["Commission", <>{record.commission.rate / 100} % <span class="muted">at most {record.commission.rate_max / 100} %, by at most {record.commission.change_max / 100} % a day</span></>],
                    ["Rewards not yet collected", <Fog value={record.rewards} />],
                    ["Commission not yet collected", <Fog value={record.commission_due} />],
                    ["In the next epoch's set", view.in_next_set ? "yes" : "no"],
                    ["Tips in this epoch", tally ? <Fog value={tally.tips} /> : "–"],
                    ["Key", <span class="mono words">{record.key} <Copy text={record.key} what="validator key" /></span>],
                  ]}
                />
              </Card>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}
