// Hosts, services, offers, bids, leases and receipts.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { link, setQuery } from "../router.ts";
import { all, batch, FogError, InvalidInput, or, rpc, type Call, type PageOf } from "../node/rpc.ts";
import { eventWords, LeaseLink, reasonText, resourcesText, ServiceLink } from "../node/words.tsx";
import { unitNames, type Bid, type Gateway, type Host, type Lease, type MarketEvent, type Offer, type Params, type Receipt, type Service, type Unit } from "../node/types.ts";
import { bytes, cores, country, countText, fogNumber, mib, plural, scaleText, share, span, whole } from "../ui/format.ts";
import { useAsk, useLive, useSecond } from "../ui/hooks.ts";
import { Account, Age, Badge, Card, Choice, Empty, Facts, Fog, Height, Id, Meter, Note, Page, Shown, Stat, Stats, Table, Tabs, Text, When } from "../ui/parts.tsx";
import { HostMap } from "../ui/map.tsx";
import { Chart } from "../ui/chart.tsx";
import { BidActions } from "../console/bid_actions.tsx";
import { BidState, capOfStep, hourly, HostState, LeaseState, priceAt, readParams, rentPerHour, unitText, Used } from "./market_parts.tsx";

const isHash = (text: string) => /^0x[0-9a-f]{64}$/i.test(text);
const badId = (what: string) => Promise.reject(new InvalidInput(`This is not the id of a ${what}: it has 64 hexadecimal digits after 0x.`));

function pairs(value: any): [string, string][] {
  if (!value) return [];
  if (Array.isArray(value)) return value.map((one) => (Array.isArray(one) ? [String(one[0]), String(one[1])] : [String(one.key), String(one.value)]));
  return Object.entries(value).map(([name, one]) => [name, String(one)]);
}

// ---- Hosts ----

async function readHosts() {
  const [hosts, offers] = await Promise.all([all<Host>("market_hosts"), all<Offer>("market_offers")]);
  return { hosts: hosts.items, more: hosts.more, offers: new Map(offers.items.map((offer) => [offer.host, offer])) };
}

export function HostsPage({ query }: { query: URLSearchParams }) {
  const found = useAsk(readHosts, [], true);
  const wantCountry = query.get("country") ?? "";
  const wantState = query.get("state") ?? "";
  const wantCores = query.get("cores") ?? "";
  const wantMemory = query.get("memory") ?? "";
  const wantGpu = query.get("gpu") ?? "";
  return (
    <Page title="Hosts" lead="Computers that run services for pay. Each has bonded FOG that it loses a part of when it fails; standing falls with failures and heals with time.">
      <Shown of={found} rows={10}>
        {({ hosts, more, offers }) => {
          const countries = [...new Set(hosts.map((host) => host.location.country))].sort((a, b) => country(a).localeCompare(country(b)));
          const gpus = [...new Set(hosts.flatMap((host) => (host.capacity.gpu ? [host.capacity.gpu.model] : [])))].sort();
          const fits = (host: Host) => {
            const free = offers.get(host.id)?.free;
            const isUp = host.down_since_ms === "0" && host.retired_at_ms === "0";
            return (
              (!wantCountry || host.location.country === wantCountry) &&
              (!wantState || (wantState === "up" ? isUp : wantState === "offers" ? isUp && free !== undefined : !isUp)) &&
              (!wantGpu || host.capacity.gpu?.model === wantGpu) &&
              (!(Number(wantCores) > 0) || (free?.cpu_milli ?? 0) >= Number(wantCores) * 1000) &&
              (!(Number(wantMemory) > 0) || (free?.memory_mib ?? 0) >= Number(wantMemory) * 1024)
            );
          };
          const rows = hosts.filter(fits);
          return (
            <>
              <Card>
                <HostMap hosts={rows} />
              </Card>
              <Card>
                <div class="filters" role="group" aria-label="Filters">
                  <Choice
                    label="State"
                    id="filter-state"
                    value={wantState}
                    set={(value) => setQuery("state", value)}
                    options={[
                      ["", "Any"],
                      ["up", "Up"],
                      ["offers", "Up and offering"],
                      ["down", "Down or retired"],
                    ]}
                  />
                  <Choice
                    label="Country"
                    id="filter-country"
                    value={wantCountry}
                    set={(value) => setQuery("country", value)}
                    options={[["", "Any"], ...countries.map((code) => [code, country(code)] as [string, string])]}
                  />
                  {gpus.length > 0 && (
                    <Choice label="GPU" id="filter-gpu" value={wantGpu} set={(value) => setQuery("gpu", value)} options={[["", "Any or none"], ...gpus.map((one) => [one, one] as [string, string])]} />
                  )}
                  <Text label="Free cores, at least" id="filter-cores" type="number" value={wantCores} set={(value) => setQuery("cores", value)} />
                  <Text label="Free memory, at least" id="filter-memory" type="number" unit="GiB" value={wantMemory} set={(value) => setQuery("memory", value)} />
                </div>
                <Table
                  caption="Hosts"
                  rows={rows}
                  rowKey={(host) => host.id}
                  sort={["Leases", true]}
                  empty={hosts.length === 0 ? "No Host is registered yet." : "No Host fits these filters."}
                  columns={[
                    { name: "Host", cell: (host) => <Id value={host.id} to={link("host", host.id)} what="Host id" copy={false} /> },
                    { name: "State", cell: (host) => <HostState host={host} /> },
                    { name: "Place", by: (host) => host.location.country, cell: (host) => country(host.location.country) },
                    { name: "CPU", by: (host) => offers.get(host.id)?.free.cpu_milli ?? 0, cell: (host) => <Used host={host} offer={offers.get(host.id)} what="cpu_milli" /> },
                    { name: "Memory", by: (host) => offers.get(host.id)?.free.memory_mib ?? 0, cell: (host) => <Used host={host} offer={offers.get(host.id)} what="memory_mib" /> },
                    { name: "GPU", cell: (host) => (host.capacity.gpu ? `${host.capacity.gpu.milli / 1000} × ${host.capacity.gpu.model}` : <span class="muted">–</span>) },
                    { name: "Asks", right: true, by: (host) => offers.get(host.id)?.scale ?? 1e9, cell: (host) => (offers.has(host.id) ? scaleText(offers.get(host.id)!.scale) : <span class="muted">nothing</span>) },
                    { name: "Leases", right: true, by: (host) => host.leases_open, cell: (host) => host.leases_open },
                    { name: "Standing", right: true, by: (host) => host.standing, cell: (host) => share(String(host.standing), "10000", 0) },
                    { name: "Earned", right: true, by: (host) => BigInt(host.earned), cell: (host) => <Fog value={host.earned} /> },
                    { name: "Seen", right: true, by: (host) => Number(host.last_seen_ms), cell: (host) => <Age ms={host.last_seen_ms} /> },
                  ]}
                />
                {more && <div class="more">Only the first {whole(hosts.length)} Hosts are shown.</div>}
              </Card>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

export function HostPage({ path }: { path: string[] }) {
  const id = path[1] ?? "";
  const found = useAsk(
    async () => {
      if (!isHash(id)) return badId("Host");
      const [both, leases] = await batch<any>([
        ["market_host", { id }],
        ["market_leases", { host: id, limit: 256 }],
      ]);
      if (both instanceof FogError) throw both;
      const params = await readParams();
      return { host: both.host as Host, offer: both.offer as Offer | null, leases: or<PageOf<Lease>>(leases, { items: [], next: null, height: "0" }).items.filter((lease) => lease.host === id), params };
    },
    [id],
    true,
  );
  return (
    <Page title="Host" lead={<Id value={id} what="Host id" whole />}>
      <Shown of={found}>
        {({ host, offer, leases, params }) => {
          const held = leases.filter((lease) => lease.closed === "open");
          const rent = held.filter((lease) => lease.state === "active" || lease.state === "reserved").reduce((sum, lease) => sum + rentPerHour(lease), 0n);
          const heldBack = leases.reduce((sum, lease) => sum + BigInt(lease.held), 0n);
          return (
            <>
              <Stats>
                <Stat label="State" sub={<>seen <Age ms={host.last_seen_ms} /></>}>
                  <HostState host={host} />
                </Stat>
                <Stat label="Earned in all" sub={heldBack > 0n ? <><Fog value={heldBack} /> held back</> : " "}>
                  <Fog value={host.earned} />
                </Stat>
                <Stat label="Rent now" sub="an hour, use not included">
                  <Fog value={rent} />
                </Stat>
                <Stat label="Standing" sub={plural(host.failures, "failure") + " ever"}>
                  {share(String(host.standing), "10000", 1)}
                </Stat>
                <Stat label="Leases">{host.leases_open}</Stat>
                <Stat label="Bond">
                  <Fog value={host.bond} />
                </Stat>
              </Stats>
              <div class="two">
                <Card title="Offer">
                  {offer ? (
                    <>
                      <Facts
                        rows={[
                          ["Price class", params.market.classes[offer.price_class]?.name ?? String(offer.price_class)],
                          ["Asks", <>{scaleText(offer.scale)} of the class</>],
                          ["Free", resourcesText(offer.free)],
                          ["Stands since block", <Height value={offer.since_height} />],
                        ]}
                      />
                      {params.market.classes[offer.price_class] && <Prices prices={params.market.classes[offer.price_class]!.prices} scale={offer.scale} />}
                    </>
                  ) : (
                    <Empty>It offers nothing at present.</Empty>
                  )}
                </Card>
                <Card title="Particulars">
                  <Facts
                    rows={[
                      ["Owner", <Account address={host.owner} />],
                      ["Operator", <Account address={host.operator_account} />],
                      ["Place", <>{country(host.location.country)} <span class="muted">{(host.location.lat_milli / 1000).toFixed(2)}°, {(host.location.lon_milli / 1000).toFixed(2)}°</span></>],
                      ["Capacity", resourcesText(host.capacity)],
                      ["Gateways reach it at", <span class="mono">{host.endpoint}</span>],
                      ...(Number(host.leaving_at_ms) ? ([["Leaves", <When ms={host.leaving_at_ms} />]] as [string, ComponentChildren][]) : []),
                      ["Says of itself", pairs(host.attributes).length ? pairs(host.attributes).map(([name, value]) => <div key={name}><span class="mono">{name}</span> {value}</div>) : "nothing"],
                      ["Runtime profiles", host.runtimes.map((one) => <div key={one}><Id value={one} what="runtime profile" /></div>)],
                    ]}
                  />
                </Card>
              </div>
              <Card title="Leases">
                <LeaseTable leases={leases} empty="It holds no leases." />
              </Card>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

function Prices({ prices, scale }: { prices: Params["market"]["classes"][0]["prices"]; scale: number }) {
  return (
    <Table
      caption="Prices a unit"
      rows={[...unitNames]}
      rowKey={(unit) => unit}
      columns={[
        { name: "For", cell: (unit) => unitText[unit][0] },
        { name: "A", cell: (unit) => unitText[unit][1] },
        { name: "Price", right: true, cell: (unit) => <Fog value={priceAt(prices, unit, scale)} /> },
      ]}
    />
  );
}

export function LeaseTable({ leases, empty, withService = true }: { leases: Lease[]; empty: string; withService?: boolean }) {
  return (
    <Table
      caption="Leases"
      rows={leases}
      rowKey={(lease) => lease.id}
      empty={empty}
      columns={[
        { name: "Lease", cell: (lease) => <LeaseLink id={lease.id} /> },
        ...(withService ? [{ name: "Service", cell: (lease: Lease) => <ServiceLink name={lease.service} /> }] : []),
        { name: "State", cell: (lease) => <LeaseState lease={lease} /> },
        { name: "Host", cell: (lease) => <Id value={lease.host} to={link("host", lease.host)} what="Host id" copy={false} /> },
        { name: "Term", right: true, cell: (lease) => lease.term },
        { name: "Scale", right: true, by: (lease) => lease.scale, cell: (lease) => scaleText(lease.scale) },
        { name: "Rent an hour", right: true, by: rentPerHour, cell: (lease) => <Fog value={rentPerHour(lease)} /> },
        { name: "Requests", right: true, cell: (lease) => countText(requestsOf(lease)) },
        { name: "Paid", right: true, by: (lease) => BigInt(lease.paid), cell: (lease) => <Fog value={lease.paid} /> },
      ]}
    />
  );
}

function requestsOf(lease: Lease): number {
  return lease.logs.reduce((sum, log) => sum + Number(log.root.sums.requests), 0);
}

// ---- services ----

export function ServicesPage() {
  const found = useAsk(() => all<Service>("market_services"), [], true);
  const [text, set] = useState("");
  return (
    <Page
      title="Services"
      lead="The library of what has been published. A service with an open bid runs, or starts when somebody asks for it."
      actions={
        <a class="button main small" href="#/publish">
          Publish a service
        </a>
      }
    >
      <Shown of={found} rows={8}>
        {({ items, more }) => (
          <Card>
            <div class="filters">
              <Text label="Name or summary contains" id="filter-name" value={text} set={set} />
            </div>
            <Table
              caption="Services"
              rows={items.filter((one) => (one.name + " " + one.manifest.summary).toLowerCase().includes(text.trim().toLowerCase()))}
              rowKey={(one) => one.name}
              empty={items.length === 0 ? "Nothing is published yet." : "No service fits."}
              columns={[
                { name: "Service", by: (one) => one.name, cell: (one) => <ServiceLink name={one.name} /> },
                { name: "Summary", cell: (one) => <span class="wrap">{one.manifest.summary || "–"}</span> },
                { name: "Runtime", by: (one) => one.manifest.runtime, cell: (one) => <Badge>{runtimeText(one)}</Badge> },
                { name: "Program", right: true, by: (one) => Number(one.manifest.artifact_bytes), cell: (one) => (one.manifest.image ? "image" : bytes(one.manifest.artifact_bytes)) },
                { name: "Version", right: true, by: (one) => one.version, cell: (one) => one.version },
                { name: "Open bids", right: true, by: (one) => one.bids_open, cell: (one) => one.bids_open },
                { name: "Publisher", cell: (one) => <Account address={one.owner} copy={false} /> },
              ]}
            />
            {more && <div class="more">Only the first {whole(items.length)} services are shown.</div>}
          </Card>
        )}
      </Shown>
    </Page>
  );
}

function runtimeText(service: Service): string {
  return { wasm: "WebAssembly command", "wasm-http": "WebAssembly component", container: "container" }[service.manifest.runtime] ?? service.manifest.runtime;
}

export function ServicePage({ path }: { path: string[] }) {
  const name = path[1] ?? "";
  const found = useAsk(
    async () => {
      const [service, bids, gateways] = await batch<any>([
        ["market_service", { name }],
        ["market_bids", { service: name, limit: 256 }],
        ["market_gateways", { limit: 100 }],
      ]);
      if (service instanceof FogError) throw service;
      const open = or<PageOf<Bid>>(bids, { items: [], next: null, height: "0" }).items;
      const leases = await batch<PageOf<Lease>>(open.slice(0, 40).map((bid) => ["market_leases", { bid: bid.id, limit: 100 }]));
      return {
        service: service as Service,
        bids: open,
        gateways: or<PageOf<Gateway>>(gateways, { items: [], next: null, height: "0" }).items,
        leases: leases.flatMap((one) => (one instanceof FogError ? [] : one.items)),
      };
    },
    [name],
    true,
  );
  return (
    <Page kind="Service" title={name} lead={found.data?.service.manifest.summary}>
      <Shown of={found}>
        {({ service, bids, gateways, leases }) => {
          const m = service.manifest;
          const running = leases.filter((lease) => lease.state === "active");
          const used = leases.reduce((sum, lease) => sum + requestsOf(lease), 0);
          const served = new Set(bids.filter((bid) => bid.closed === "open").flatMap((bid) => bid.terms.gateways));
          return (
            <>
              <Stats>
                <Stat label="Replicas running">{running.length}</Stat>
                <Stat label="Open bids">{service.bids_open}</Stat>
                <Stat label="Requests paid for" sub="by leases that the chain still holds">
                  {countText(used)}
                </Stat>
                <Stat label="Version">{service.version}</Stat>
              </Stats>
              <div class="two">
                <Card title="What it is">
                  <Facts
                    rows={[
                      ["Publisher", <Account address={service.owner} />],
                      ["Runtime", runtimeText(service)],
                      m.image
                        ? ["Image", <span class="mono">{m.image}@sha256:{m.artifact.replace("0x", "")}</span>]
                        : ["Program", <><Id value={m.artifact} what="SHA-256 of the program" /> <span class="muted">{bytes(m.artifact_bytes)}</span></>],
                      ["Memory a request", mib(m.memory_mib)],
                      ["Fuel a request", countText(m.fuel_per_request)],
                      ["Time a request", span(m.wall_ms)],
                      ["Request, answer", `at most ${bytes(m.request_bytes_max)}, ${bytes(m.response_bytes_max)}`],
                      ["Asks other servers", m.outbound.length ? m.outbound.join(", ") : "none"],
                      ...(m.secrets.length ? ([["Secrets", m.secrets.join(", ")]] as [string, ComponentChildren][]) : []),
                      ...(m.volumes.length ? ([["Volumes", m.volumes.map((one) => `${one.path} (${mib(one.mib)})`).join(", ")]] as [string, ComponentChildren][]) : []),
                      ...(m.keyvalue_mib ? ([["Key-value store", mib(m.keyvalue_mib)]] as [string, ComponentChildren][]) : []),
                      ...(pairs(m.env).length ? ([["Environment", pairs(m.env).map(([key, value]) => <div key={key} class="mono">{key}={value}</div>)]] as [string, ComponentChildren][]) : []),
                    ]}
                  />
                </Card>
                <div class="stack">
                  <Card title="Where it answers">
                    {gateways.filter((one) => served.has(one.owner)).length === 0 ? (
                      <Empty>No open bid of it names a gateway.</Empty>
                    ) : (
                      <ul class="feed">
                        {gateways
                          .filter((one) => served.has(one.owner))
                          .map((one) => (
                            <li key={one.owner}>
                              {/^https?:\/\//.test(one.endpoint) ? (
                                <a href={`${one.endpoint}/${service.name}/`} rel="noreferrer noopener" target="_blank" class="mono words">
                                  {one.endpoint}/{service.name}/
                                </a>
                              ) : (
                                <span class="mono words">{one.endpoint}</span>
                              )}
                              <span class="feed-side">{country(one.location.country)}</span>
                            </li>
                          ))}
                      </ul>
                    )}
                  </Card>
                  <Card title="Use of one replica" note="The chain's own moving average an hour; Hosts are compared by it.">
                    {service.metered ? (
                      <Facts
                        rows={[
                          ["Requests", countText(service.metered.requests)],
                          ["Fuel", countText(service.metered.fuel)],
                          ["Traffic out", bytes(service.metered.egress_bytes)],
                        ]}
                      />
                    ) : (
                      <Empty>Not enough history yet.</Empty>
                    )}
                  </Card>
                </div>
              </div>
              <Card title="Bids">
                <BidTable bids={bids} empty="Nobody bids for it." />
              </Card>
              <Card title="Leases">
                <LeaseTable leases={leases} empty="No Host runs it." withService={false} />
              </Card>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

export function BidTable({ bids, empty }: { bids: Bid[]; empty: string }) {
  return (
    <Table
      caption="Bids"
      rows={bids}
      rowKey={(bid) => bid.id}
      empty={empty}
      columns={[
        { name: "Bid", cell: (bid) => <Id value={bid.id} to={link("bid", bid.id)} what="bid id" copy={false} /> },
        { name: "Service", cell: (bid) => <ServiceLink name={bid.terms.service} /> },
        { name: "State", cell: (bid) => <BidState bid={bid} /> },
        { name: "Replicas", right: true, cell: (bid) => `${bid.replicas_held} of ${bid.terms.replicas_min}–${bid.terms.replicas_max}` },
        { name: "Needs each", cell: (bid) => resourcesText(bid.terms.resources) },
        { name: "Price cap an hour", right: true, by: (bid) => bid.terms.cap_step, cell: (bid) => <Fog value={capOfStep(bid.terms.cap_step)} /> },
        { name: "Escrow", right: true, by: (bid) => BigInt(bid.free) + BigInt(bid.locked), cell: (bid) => <Fog value={BigInt(bid.free) + BigInt(bid.locked)} /> },
        { name: "Spent", right: true, by: (bid) => BigInt(bid.spent), cell: (bid) => <Fog value={bid.spent} /> },
      ]}
    />
  );
}

// ---- the market as a whole ----

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

// ---- a bid ----

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
                    {events.length === 0 ? (
                      <Empty>Nothing lately.</Empty>
                    ) : (
                      <ol class="feed">
                        {events.slice(0, 30).map((event) => (
                          <li key={event.height + "/" + event.number}>
                            <span class="words">{eventWords(event)}</span>
                            <span class="feed-side">
                              <Age ms={event.time_ms} />
                            </span>
                          </li>
                        ))}
                      </ol>
                    )}
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

// ---- a lease and its receipts ----

export function LeasePage({ path }: { path: string[] }) {
  const id = path[1] ?? "";
  const found = useAsk(
    async () => {
      if (!isHash(id)) return badId("lease");
      const [lease, bid, receipts] = await batch<any>([["market_lease", { id }], ["params_get"], ["market_receipts", { lease: id, limit: 256 }]]);
      if (lease instanceof FogError) throw lease;
      const terms = await rpc<Bid>("market_bid", { id: lease.bid }).catch(() => null);
      return { lease: lease as Lease, params: or<Params | null>(bid, null), bid: terms, receipts: [...or<PageOf<Receipt>>(receipts, { items: [], next: null, height: "0" }).items].reverse() };
    },
    [id],
    true,
  );
  return (
    <Page title="Lease" lead={<Id value={id} what="lease id" whole />}>
      <Shown of={found}>
        {({ lease, bid, receipts, params }) => {
          const sums = lease.logs.reduce(
            (out, log) => ({ requests: out.requests + Number(log.root.sums.requests), fuel: out.fuel + Number(log.root.sums.fuel), egress: out.egress + Number(log.root.sums.egress_bytes) }),
            { requests: 0, fuel: 0, egress: 0 },
          );
          return (
            <>
              <Stats>
                <Stat label="State" sub={lease.state === "closed" || lease.state === "closing" ? reasonText(lease.closed) : `term ${lease.term}`}>
                  <LeaseState lease={lease} />
                </Stat>
                <Stat label="Price" sub={`cleared at ${scaleText(lease.scale)}`}>
                  <Fog value={rentPerHour(lease)} />
                </Stat>
                <Stat label="Paid in this term" sub={<><Fog value={lease.burned} /> of it burned</>}>
                  <Fog value={lease.paid} />
                </Stat>
                <Stat label="Held back" sub="until the audit window is over">
                  <Fog value={lease.held} />
                </Stat>
                <Stat label="Requests" sub={`${countText(sums.fuel)} fuel, ${bytes(sums.egress)} out`}>
                  {countText(sums.requests)}
                </Stat>
              </Stats>
              <div class="two">
                <Card title="Particulars">
                  <Facts
                    rows={[
                      ["Service", <><ServiceLink name={lease.service} /> <span class="muted">version {lease.service_version}</span></>],
                      ["Bid", <Id value={lease.bid} to={link("bid", lease.bid)} what="bid id" />],
                      ["Publisher", <Account address={lease.publisher} />],
                      ["Host", <Id value={lease.host} to={link("host", lease.host)} what="Host id" />],
                      ["Reserves", resourcesText(lease.resources)],
                      ["Proposed", <When ms={lease.proposed_ms} />],
                      ...(lease.active_since_ms !== "0" ? ([["Runs since", <When ms={lease.active_since_ms} />]] as [string, ComponentChildren][]) : []),
                      ...(lease.closed_ms !== "0" ? ([["Closed", <When ms={lease.closed_ms} />]] as [string, ComponentChildren][]) : []),
                      ...(lease.renews_ms !== "0" ? ([["Cleared anew", <When ms={lease.renews_ms} />]] as [string, ComponentChildren][]) : []),
                      ["Billed until", lease.billed_until_ms === "0" ? "no receipt yet" : <When ms={lease.billed_until_ms} />],
                      ["Rent, use", <><Fog value={lease.rent_due} /> rent, <Fog value={lease.use_due} /> use</>],
                      ["Locked for it", <Fog value={lease.slice} />],
                      ["Runtime profile", <Id value={lease.runtime} what="runtime profile" />],
                    ]}
                  />
                </Card>
                <div class="stack">
                  <Card title="Verification">
                    <div class="card-body">
                      <p>
                        {bid?.terms.verification === "none" || !bid
                          ? "This bid asks for no audits on the chain. Every receipt extends a log that its gateway vouched for, and binds each request by its root: while the audit window lasts, its Publisher can fetch the records and run them again with"
                          : `This bid asks for verification: ${bid.terms.verification}. Its Publisher can also run the records again with`}{" "}
                        <code>fogcoin verify {lease.id.slice(0, 14)}…</code>
                      </p>
                    </div>
                    <Table
                      caption="Usage logs by gateway"
                      rows={lease.logs}
                      rowKey={(log) => log.gateway}
                      empty="No gateway has forwarded a paid request yet."
                      columns={[
                        { name: "Gateway", cell: (log) => <Account address={log.gateway} copy={false} /> },
                        { name: "Requests", right: true, cell: (log) => whole(log.count) },
                        {
                          name: "Vouched",
                          right: true,
                          cell: (log) => (BigInt(log.vouched_count) >= BigInt(log.count) ? <Badge tone="good">all</Badge> : <Badge tone="warn">{whole(log.vouched_count)}</Badge>),
                        },
                        { name: "Root of the log", cell: (log) => <Id value={log.root.hash} what="root" /> },
                      ]}
                    />
                  </Card>
                </div>
              </div>
              <Card title="Receipts" note="Claims of the Host that a block has included and paid, kept until their hold-back is released.">
                <Table
                  caption="Receipts"
                  rows={receipts}
                  rowKey={(one) => one.number}
                  empty={lease.receipts_ever === "0" ? "None yet." : `All ${whole(lease.receipts_ever)} receipts are past their audit window.`}
                  columns={[
                    { name: "Receipt", cell: (one) => whole(one.number) },
                    { name: "Block", cell: (one) => <Height value={one.height} /> },
                    { name: "Age", cell: (one) => <Age ms={one.included_ms} /> },
                    { name: "Requests", right: true, cell: (one) => whole(one.counters.requests) },
                    { name: "Fuel", right: true, cell: (one) => countText(one.counters.fuel) },
                    { name: "Rent", right: true, cell: (one) => <Fog value={one.rent} /> },
                    { name: "Use", right: true, cell: (one) => <Fog value={one.use} /> },
                    { name: "To the Host", right: true, cell: (one) => <Fog value={one.to_host} /> },
                    { name: "Burned", right: true, cell: (one) => <Fog value={one.burned} /> },
                    {
                      name: "State",
                      cell: (one) => (
                        <>
                          <AuditState receipt={one} windowMs={Number(params?.market.audit_window_ms ?? 0)} />
                          {one.short_by !== "0" && (
                            <>
                              {" "}
                              <Badge tone="bad">short by {fogNumber(one.short_by)}</Badge>
                            </>
                          )}
                        </>
                      ),
                    },
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

function AuditState({ receipt, windowMs }: { receipt: Receipt; windowMs: number }) {
  useSecond();
  const left = Number(receipt.included_ms) + windowMs - Date.now();
  if (receipt.held === "0") return <Badge tone="good">released</Badge>;
  return <Badge tone="info">{left > 0 ? "open to audit for " + span(left) : "to be released"}</Badge>;
}
