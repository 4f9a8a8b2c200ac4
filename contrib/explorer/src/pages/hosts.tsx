// Hosts: all of them in a table and on a map, and one.
import type { ComponentChildren } from "preact";
import { link, setQuery } from "../router.ts";
import { all, batch, FogError, or, type PageOf } from "../node/rpc.ts";
import { resourcesText } from "../node/words.tsx";
import { unitNames, type Host, type Lease, type Offer, type Params } from "../node/types.ts";
import { country, plural, scaleText, share, whole } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Account, Age, Card, Choice, Empty, Facts, Fog, Height, Id, Page, Shown, Stat, Stats, Table, Text, When } from "../ui/parts.tsx";
import { HostMap } from "../ui/map.tsx";
import { HostState, priceAt, readParams, rentPerHour, unitText, Used } from "./market_parts.tsx";
import { badId, isHash, LeaseTable, pairs } from "./market_tables.tsx";

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
