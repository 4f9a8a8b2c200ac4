// A bid: its state, replicas, terms, money and what happened.
import type { ComponentChildren } from "preact";
import { batch, FogError, or, rpc, type PageOf } from "../node/rpc.ts";
import { reasonText, resourcesText, ServiceLink } from "../node/words.tsx";
import type { Bid, Lease, MarketEvent, Service } from "../node/types.ts";
import { bytes, country, countText, plural, share, span, whole } from "../ui/format.ts";
import { useAsk, useLive, useSecond } from "../ui/hooks.ts";
import { Account, Card, Facts, Fog, Id, Note, Page, Shown, Stat, Stats, Table, When } from "../ui/parts.tsx";
import { BidActions } from "../console/bid_actions.tsx";
import { EventFeed } from "./event_feed.tsx";
import { BidState, capOfStep, hourly, readParams, rentPerHour } from "./market_parts.tsx";
import { badId, isHash, LeaseTable } from "./market_tables.tsx";

async function readBid(id: string) {
  if (!isHash(id)) return badId("bid");
  const [bid, leases] = await batch<any>([
    ["market_bid", { id }],
    ["market_leases", { bid: id, limit: 256 }],
  ]);
  if (bid instanceof FogError) throw bid;
  const [params, events, service] = await Promise.all([
    readParams(),
    rpc<PageOf<MarketEvent>>("market_events", { address: bid.owner, limit: 256 }).catch(() => ({ items: [] as MarketEvent[] })),
    rpc<Service>("market_service", { name: bid.terms.service }).catch(() => null),
  ]);
  return {
    bid: bid as Bid,
    leases: or<PageOf<Lease>>(leases, { items: [], next: null, height: "0" }).items,
    params,
    service,
    events: events.items.filter((event) => event.bid === id).reverse(),
  };
}

export function BidPage({ path }: { path: string[] }) {
  const id = path[1] ?? "";
  const found = useAsk(() => readBid(id), [id], true);
  return (
    <Page title="Bid" lead={<Id value={id} what="bid id" whole />}>
      <Shown of={found}>
        {({ bid, leases, params, events, service }) => {
          const t = bid.terms;
          const open = leases.filter((lease) => lease.state !== "closed");
          const rent = open.filter((lease) => lease.state === "active" || lease.state === "reserved").reduce((sum, lease) => sum + rentPerHour(lease), 0n);
          const held = BigInt(bid.free) + BigInt(bid.locked);
          const list = (name: string, values: string[]): [string, ComponentChildren][] => (values?.length ? [[name, values.join(", ")]] : []);
          const c = t.constraints;
          return (
            <>
              <BidActions bid={bid} service={service} again={found.again} />
              <Stats>
                <Stat label="State" sub={bid.closed !== "open" ? reasonText(bid.closed) : " "}>
                  <BidState bid={bid} />
                </Stat>
                <Stat label="Replicas" sub={t.replicas_min === t.replicas_max ? "wanted: " + t.replicas_min : `wanted: ${t.replicas_min} to ${t.replicas_max}`}>
                  {bid.replicas_held}
                </Stat>
                <Stat label="In escrow" sub={<><Fog value={bid.locked} /> locked for leases</>}>
                  <Fog value={held} />
                </Stat>
                <Stat label="Spent" sub={<SpendingNow leases={open} />}>
                  <Fog value={bid.spent} />
                </Stat>
                <Stat label="Rent now" sub={rent > 0n && bid.closed === "open" ? `lasts ${span((Number(held) / Number(rent)) * 3_600_000)} without use` : "an hour"}>
                  <Fog value={rent} />
                </Stat>
              </Stats>
              {bid.low_since_ms !== "0" && bid.closed === "open" && <Note tone="warn">The escrow may be used up soon: top it up, or its leases close with notice.</Note>}
              <Card title="Replicas">
                <LeaseTable leases={leases} empty={bid.closed === "open" ? (t.replicas_min === 0 ? "None runs; a gateway starts one when somebody asks." : "No Host has been found yet.") : "All its leases are over."} withService={false} />
              </Card>
              <div class="two">
                <Card title="Terms">
                  <Facts
                    rows={[
                      ["Service", <ServiceLink name={t.service} />],
                      ["Owner", <Account address={bid.owner} />],
                      ["Needs each", resourcesText(t.resources)],
                      ["Expected use an hour", `${countText(t.profile.requests)} requests, ${countText(t.profile.fuel)} fuel, ${bytes(t.profile.egress_bytes)} out`],
                      ["Price cap", <><Fog value={capOfStep(t.cap_step)} /> an hour at that use</>],
                      ["Never more than", <><Fog value={t.spend_per_hour_max} /> an hour a replica</>],
                      ["At scale 1 it costs", params.market.classes.map((one) => <div key={one.name}><Fog value={hourly(one.prices, t.resources, t.profile)} /> an hour in class {one.name}</div>)],
                      ["Lease", t.lease_ms === "0" ? "until it is closed" : span(Number(t.lease_ms)) + ", then cleared anew"],
                      ...(t.start_by_ms !== "0" ? ([["To start by", <When ms={t.start_by_ms} />]] as [string, ComponentChildren][]) : []),
                      ...(t.warm ? ([["Kept warm", plural(t.warm, "reservation")]] as [string, ComponentChildren][]) : []),
                      ...list("Countries", (c.countries ?? []).map(country)),
                      ...list("Not in", (c.not_countries ?? []).map(country)),
                      ...list("Cells", c.cells ?? []),
                      ...(c.distance_max_km ? ([["Distance", `at most ${whole(c.distance_max_km)} km`]] as [string, ComponentChildren][]) : []),
                      ...(c.standing_min ? ([["Standing", "at least " + share(String(c.standing_min), "10000", 0)]] as [string, ComponentChildren][]) : []),
                      ["Spread", `at most ${c.per_host_max} a Host, ${c.per_owner_max} an owner, ${c.per_country_max} a country`],
                      ["Verification", t.verification],
                      ["Gateways", t.gateways.map((one) => <div key={one}><Account address={one} copy={false} /></div>)],
                    ]}
                  />
                </Card>
                <div class="stack">
                  <Card title="Money">
                    <Facts
                      rows={[
                        ["Deposited in all", <Fog value={bid.deposited} />],
                        ["Free", <Fog value={bid.free} />],
                        ["Locked", <Fog value={bid.locked} />],
                        ["Spent", <Fog value={bid.spent} />],
                        ["Refunded", <Fog value={bid.refunded} />],
                        ["Opened", <When ms={bid.created_ms} />],
                      ]}
                    />
                    <Table
                      caption="Depositors"
                      rows={bid.deposits}
                      rowKey={(row) => row.from}
                      empty="Nobody has money in it any more."
                      columns={[
                        { name: "Depositor", cell: (row) => <Account address={row.from} copy={false} /> },
                        { name: "Of its money, at the last change", right: true, cell: (row) => <Fog value={row.left} /> },
                      ]}
                    />
                  </Card>
                  <Card title="What happened" note="The chain keeps such events for an hour.">
                    <EventFeed events={events} most={30} empty="Nothing lately." />
                  </Card>
                </div>
              </div>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

/** Rent runs between receipts: what is due by now beyond what is paid, from the chain's own prices. */
function SpendingNow({ leases }: { leases: Lease[] }) {
  useSecond();
  const { status } = useLive();
  if (!status) return <> </>;
  const now = Math.max(Date.now(), Number(status.time_ms));
  const due = leases
    .filter((lease) => (lease.state === "active" || lease.state === "reserved") && lease.billed_until_ms !== "0")
    .reduce((sum, lease) => sum + (rentPerHour(lease) * BigInt(Math.max(0, now - Number(lease.billed_until_ms)))) / 3_600_000n, 0n);
  return due > 0n ? (
    <>
      + <Fog value={due} /> rent since the last receipts
    </>
  ) : (
    <> </>
  );
}
