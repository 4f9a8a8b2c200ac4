// The library of services, and one with its bids and replicas.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { all, batch, FogError, or, type PageOf } from "../node/rpc.ts";
import { ServiceLink } from "../node/words.tsx";
import type { Bid, Gateway, Lease, Service } from "../node/types.ts";
import { bytes, country, countText, mib, span, whole } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Account, Badge, Card, Empty, Facts, Id, Page, Shown, Stat, Stats, Table, Text } from "../ui/parts.tsx";
import { BidTable, LeaseTable, pairs, requestsOf } from "./market_tables.tsx";

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
