// The market as a whole: depth by price, open bids, leases, price classes.
import { useState } from "preact/hooks";
import { all, batch, FogError, rpc, type Call, type PageOf } from "../node/rpc.ts";
import { unitNames, type Bid, type Host, type Lease, type Offer, type Params, type Service, type Unit } from "../node/types.ts";
import { cores, countText, mib, plural, scaleText, whole } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Card, Empty, Fog, Meter, Page, Shown, Stat, Stats, Table, Tabs } from "../ui/parts.tsx";
import { Chart } from "../ui/chart.tsx";
import { priceAt, readParams, unitText } from "./market_parts.tsx";
import { BidTable, LeaseTable } from "./market_tables.tsx";

async function readMarket() {
  const [params, offers, hosts, waiting, services] = await Promise.all([
    readParams(),
    all<Offer>("market_offers"),
    all<Host>("market_hosts"),
    rpc<PageOf<Bid>>("market_bids", { limit: 100 }),
    all<Service>("market_services", {}, 500),
  ]);
  const names = services.items.filter((one) => one.bids_open > 0).slice(0, 60);
  const busy = hosts.items.filter((one) => one.leases_open > 0).slice(0, 60);
  const answers = await batch<PageOf<any>>([
    ...names.map((one) => ["market_bids", { service: one.name, limit: 50 }] as Call),
    ...busy.map((one) => ["market_leases", { host: one.id, limit: 50 }] as Call),
  ]);
  const items = (from: number, count: number) => answers.slice(from, from + count).flatMap((one) => (one instanceof FogError ? [] : one.items));
  return {
    params,
    offers: offers.items,
    hosts: new Map(hosts.items.map((one) => [one.id, one])),
    waiting: waiting.items,
    bids: (items(0, names.length) as Bid[]).filter((bid) => bid.closed === "open"),
    leases: (items(names.length, busy.length) as Lease[]).filter((lease) => lease.state !== "closed"),
  };
}

const depths: [id: Unit, name: string, of: (offer: Offer) => number, unit: string][] = [
  ["cpu_core_hour", "CPU", (offer) => offer.free.cpu_milli / 1000, "cores"],
  ["memory_gib_hour", "Memory", (offer) => offer.free.memory_mib / 1024, "GiB"],
  ["storage_gib_month", "Storage", (offer) => offer.free.storage_mib / 1024, "GiB"],
  ["gpu_hour", "GPU", (offer) => (offer.free.gpu?.milli ?? 0) / 1000, "GPUs"],
];

function Depth({ offers, params, unit }: { offers: Offer[]; params: Params; unit: Unit }) {
  const [, name, of, unitName] = depths.find((one) => one[0] === unit)!;
  const priced = offers
    .filter((offer) => of(offer) > 0 && params.market.classes[offer.price_class])
    .map((offer) => ({ price: priceAt(params.market.classes[offer.price_class]!.prices, unit, offer.scale), quantity: of(offer) }))
    .sort((a, b) => (a.price < b.price ? -1 : a.price > b.price ? 1 : 0));
  if (priced.length === 0) return <Empty>Nobody offers {name} at present.</Empty>;
  const x: number[] = [];
  const y: number[] = [];
  let sum = 0;
  for (const { price, quantity } of priced) {
    sum += quantity;
    const at = Number(price) / 1e9;
    if (x[x.length - 1] === at) y[y.length - 1] = sum;
    else {
      x.push(at);
      y.push(sum);
    }
  }
  // The line begins at nothing and goes on a little behind the dearest, so that one offer is a step too.
  const room = Math.max((x[x.length - 1]! - x[0]!) * 0.15, x[0]! * 0.25, 1e-9);
  const xs = [Math.max(0, x[0]! - room), ...x, x[x.length - 1]! + room];
  const ys = [0, ...y, sum];
  const rows = priced.reduce<{ price: bigint; quantity: number; below: number }[]>((out, one) => {
    const last = out[out.length - 1];
    if (last && last.price === one.price) {
      last.quantity += one.quantity;
      last.below += one.quantity;
    } else out.push({ price: one.price, quantity: one.quantity, below: (last?.below ?? 0) + one.quantity });
    return out;
  }, []);
  return (
    <>
      <Chart
        label={`Free ${name} at a price or below`}
        x={xs}
        xName="price"
        xText={(value) => value.toPrecision(3).replace(/\.?0+$/, "") + " FOG"}
        yText={(value) => countText(Math.round(value * 10) / 10)}
        xSpace={110}
        series={[{ name: unitName, values: ys }]}
        height={210}
        steps
      />
      <Table
        caption={`Free ${name} by price`}
        rows={rows.slice(0, 40)}
        rowKey={(row) => String(row.price)}
        columns={[
          { name: `Price a ${unitText[unit][1]}`, cell: (row) => <Fog value={row.price} /> },
          { name: `Free ${unitName}`, right: true, cell: (row) => countText(Math.round(row.quantity * 100) / 100) },
          { name: "At this price or below", right: true, cell: (row) => countText(Math.round(row.below * 100) / 100) },
          { name: "Share", cell: (row) => <Meter part={row.below} total={sum} label={`${Math.round((100 * row.below) / sum)} percent`} /> },
        ]}
      />
    </>
  );
}

export function MarketPage() {
  const found = useAsk(readMarket, [], true);
  const [unit, setUnit] = useState<Unit>("cpu_core_hour");
  return (
    <Page title="Market" lead="Every block clears an auction: a bid goes to the Hosts that serve it cheapest, and each is paid what the next best would have asked, within the bid's cap.">
      <Shown of={found} rows={10}>
        {({ params, offers, waiting, bids, leases }) => {
          const scales = leases.map((lease) => lease.scale).sort((a, b) => a - b);
          const asks = offers.map((offer) => offer.scale).sort((a, b) => a - b);
          return (
            <>
              <Stats>
                <Stat label="Offers" sub={offers.length ? `asks ${scaleText(asks[0]!)} to ${scaleText(asks[asks.length - 1]!)}` : " "}>
                  {whole(offers.length)}
                </Stat>
                <Stat label="Free CPU">{cores(offers.reduce((sum, one) => sum + one.free.cpu_milli, 0))} cores</Stat>
                <Stat label="Free memory">{mib(offers.reduce((sum, one) => sum + one.free.memory_mib, 0))}</Stat>
                <Stat label="Open bids" sub={plural(waiting.length, "bid") + (waiting.length === 1 ? " waits" : " wait") + " for a Host"}>
                  {whole(bids.length)}
                </Stat>
                <Stat label="Leases" sub={scales.length ? `cleared at ${scaleText(scales[Math.floor(scales.length / 2)]!)}, the median` : " "}>
                  {whole(leases.length)}
                </Stat>
                <Stat label="Escrow of open bids">
                  <Fog value={bids.reduce((sum, bid) => sum + BigInt(bid.free) + BigInt(bid.locked), 0n)} />
                </Stat>
              </Stats>
              <Card
                title="Depth"
                side={<Tabs label="Resource" now={unit} onChange={(id) => setUnit(id as Unit)} tabs={depths.map(([id, name]) => [id, name])} />}
                note="What Hosts offer free, by the price they ask."
              >
                <Depth offers={offers} params={params} unit={unit} key={unit} />
              </Card>
              <Card title="Open bids">
                <BidTable bids={bids} empty="Nobody bids at present." />
              </Card>
              <Card title="Leases">
                <LeaseTable leases={leases} empty="Nothing runs at present." />
              </Card>
              <Card title="Price classes" note="A Host chooses a class and states one number, its scale, by which every unit price is multiplied. Classes change by vote only.">
                <Table
                  caption="Price classes at scale 1"
                  rows={[...unitNames]}
                  rowKey={(name) => name}
                  columns={[
                    { name: "For", cell: (name) => unitText[name][0] },
                    { name: "A", cell: (name) => unitText[name][1] },
                    ...params.market.classes.map((one) => ({ name: one.name, right: true, cell: (name: Unit) => <Fog value={one.prices[name]} /> })),
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
