// A Publisher's services, bids and what they cost now.
import { useState } from "preact/hooks";
import { batch, FogError, or, type PageOf } from "../node/rpc.ts";
import { ServiceLink } from "../node/words.tsx";
import type { Bid, Lease, Service } from "../node/types.ts";
import { bytes, plural, span } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Button, Card, Fog, Page, Shown, Stat, Stats, Table } from "../ui/parts.tsx";
import { BidTable, LeaseTable } from "../pages/market_tables.tsx";
import { rentPerHour } from "../pages/market_parts.tsx";
import { useConfirm } from "../wallet/confirm.tsx";
import { Fund } from "./fund.tsx";
import { NeedsWallet } from "./needs_wallet.tsx";

async function read(address: string) {
  const [services, bids] = await batch<any>([
    ["market_services", { owner: address, limit: 256 }],
    ["market_bids", { owner: address, limit: 256 }],
  ]);
  if (services instanceof FogError) throw services;
  const list = or<PageOf<Bid>>(bids, { items: [], next: null, height: "0" }).items;
  const leases = await batch<PageOf<Lease>>(list.slice(0, 60).map((bid) => ["market_leases", { bid: bid.id, limit: 100 }]));
  return { services: (services as PageOf<Service>).items, bids: list, leases: leases.flatMap((one) => (one instanceof FogError ? [] : one.items)) };
}

export function DeploymentsPage({ query }: { query: URLSearchParams }) {
  return (
    <Page
      title="Deployments"
      lead="Your services, the bids that pay for them, and the replicas that run."
      actions={
        <a class="button main" href="#/publish">
          Publish a service
        </a>
      }
    >
      <NeedsWallet why="Services and bids belong to an account: make or restore yours to see them.">{(account) => <Own address={account.address} fund={query.get("fund") ?? ""} />}</NeedsWallet>
    </Page>
  );
}

function Own({ address, fund }: { address: string; fund: string }) {
  const found = useAsk(() => read(address), [address], true);
  const [funding, setFunding] = useState(fund);
  const { ask, dialog } = useConfirm();
  const retire = (service: Service) =>
    ask(
      {
        title: "Retire a service",
        orders: [{ name: "retire_service", body: { name: service.name } }],
        effects: [`${service.name} leaves the library: nobody can bid for it any more`, "open bids for it must be closed first"],
        spends: 0n,
      },
      found.again,
    );
  return (
    <>
      <Shown of={found}>
        {({ services, bids, leases }) => {
          const open = bids.filter((bid) => bid.closed === "open");
          const running = leases.filter((lease) => lease.state === "active" || lease.state === "reserved");
          const rent = running.reduce((sum, lease) => sum + rentPerHour(lease), 0n);
          const escrow = open.reduce((sum, bid) => sum + BigInt(bid.free) + BigInt(bid.locked), 0n);
          const spent = bids.reduce((sum, bid) => sum + BigInt(bid.spent), 0n);
          return (
            <>
              <Stats>
                <Stat label="Replicas running" sub={plural(open.length, "open bid")}>
                  {running.length}
                </Stat>
                <Stat label="Rent now" sub="an hour, use not included">
                  <Fog value={rent} />
                </Stat>
                <Stat label="In escrow" sub={rent > 0n ? `lasts ${span((Number(escrow) / Number(rent)) * 3_600_000)} without use` : " "}>
                  <Fog value={escrow} />
                </Stat>
                <Stat label="Spent" sub="by bids that the chain still holds">
                  <Fog value={spent} />
                </Stat>
              </Stats>
              <Card title="Bids">
                <BidTable bids={bids} empty="None yet: fund one of your services below." />
              </Card>
              <Card title="Replicas">
                <LeaseTable leases={leases.filter((lease) => lease.state !== "closed")} empty="None runs." />
              </Card>
              <Card title="Services">
                <Table
                  caption="Your services"
                  rows={services}
                  rowKey={(one) => one.name}
                  empty="You have published nothing yet."
                  columns={[
                    { name: "Service", cell: (one) => <ServiceLink name={one.name} /> },
                    { name: "Summary", cell: (one) => <span class="wrap">{one.manifest.summary || "–"}</span> },
                    { name: "Program", right: true, cell: (one) => (one.manifest.image ? "image" : bytes(one.manifest.artifact_bytes)) },
                    { name: "Version", right: true, cell: (one) => one.version },
                    { name: "Open bids", right: true, cell: (one) => one.bids_open },
                    {
                      name: "Do",
                      right: true,
                      cell: (one) => (
                        <span class="actions">
                          <Button small tone="main" onClick={() => setFunding(one.name)}>
                            Fund a bid
                          </Button>
                          <a class="button small" href={"#/publish?service=" + encodeURIComponent(one.name)}>
                            New version
                          </a>
                          {one.bids_open === 0 && (
                            <Button small tone="danger" onClick={() => retire(one)}>
                              Retire
                            </Button>
                          )}
                        </span>
                      ),
                    },
                  ]}
                />
              </Card>
            </>
          );
        }}
      </Shown>
      {funding && (
        <Fund
          service={funding}
          close={() => {
            setFunding("");
            history.replaceState(null, "", "#/deployments");
            found.again();
          }}
        />
      )}
      {dialog}
    </>
  );
}
