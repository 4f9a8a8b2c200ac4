// A Host owner's view, by address: earnings, standing, leases, what is still held back.
import { useState } from "preact/hooks";
import { go, link } from "../router.ts";
import { all, batch, FogError, or, type Call, type PageOf } from "../node/rpc.ts";
import type { Host, Lease, MarketEvent, Offer, Receipt } from "../node/types.ts";
import { cores, country, countText, mib, plural, scaleText, share, span } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Account, Age, Button, Card, Empty, Fog, Height, Id, Note, Page, Shown, Stat, Stats, Table, Text } from "../ui/parts.tsx";
import { isAddress } from "../pages/people.tsx";
import { EventFeed } from "../pages/event_feed.tsx";
import { LeaseTable } from "../pages/market_tables.tsx";
import { HostState, rentPerHour, Used } from "../pages/market_parts.tsx";
import { useWallet } from "../wallet/state.ts";

async function read(address: string) {
  const { items: hosts } = await all<Host>("market_hosts", { owner: address }, 200);
  const answers = await batch<any>([
    ...hosts.map((one) => ["market_host", { id: one.id }] as Call),
    ...hosts.map((one) => ["market_leases", { host: one.id, limit: 100 }] as Call),
    ["market_events", { address, limit: 256 }],
  ]);
  const offers = new Map(hosts.map((one, i) => [one.id, or<{ offer: Offer | null }>(answers[i], { offer: null }).offer]));
  const leases = hosts.flatMap((one, i) => or<PageOf<Lease>>(answers[hosts.length + i], { items: [], next: null, height: "0" }).items.filter((lease) => lease.host === one.id));
  const events = or<PageOf<MarketEvent>>(answers[2 * hosts.length], { items: [], next: null, height: "0" }).items.reverse();
  const receipts = (await batch<PageOf<Receipt>>(leases.slice(0, 40).map((one) => ["market_receipts", { lease: one.id, limit: 256 }])))
    .flatMap((one) => (one instanceof FogError ? [] : one.items))
    .sort((a, b) => Number(b.included_ms) - Number(a.included_ms));
  return { hosts, offers, leases, events, receipts };
}

export function HostingPage({ query }: { query: URLSearchParams }) {
  const wallet = useWallet();
  const address = query.get("address") ?? wallet.account?.address ?? "";
  const [text, set] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  return (
    <Page title="Hosting" lead={address ? <>Hosts of <Account address={address} /></> : "What a Host owner earns, by address. Nothing needs to be unlocked: it all stands on the chain."}>
      <Card>
        <form
          class="filters"
          onSubmit={(event) => {
            event.preventDefault();
            const target = text.trim();
            setWrong(isAddress(target) ? null : "An address begins with fog1 and has 42 characters");
            if (isAddress(target)) go("#/hosting?address=" + target);
          }}
        >
          <Text label="Owner's address" id="hosting-address" mono placeholder="fog1…" value={text} set={set} error={wrong} />
          <Button type="submit">Show</Button>
        </form>
      </Card>
      {address ? (
        isAddress(address) ? (
          <Owner address={address} />
        ) : (
          <Note tone="warn">This is not an address.</Note>
        )
      ) : (
        <Empty>Write the address that owns the Hosts, or make a wallet here.</Empty>
      )}
    </Page>
  );
}

function Owner({ address }: { address: string }) {
  const found = useAsk(() => read(address), [address], true);
  return (
    <Shown of={found}>
      {({ hosts, offers, leases, events, receipts }) => {
        if (hosts.length === 0) {
          return (
            <Note>
              This address owns no Host. To become one, install <code>foghost</code> and run <code>foghost setup</code>; it measures the computer, bonds FOG and offers it.
            </Note>
          );
        }
        const running = leases.filter((lease) => lease.state === "active" || lease.state === "reserved");
        const held = leases.reduce((sum, lease) => sum + BigInt(lease.held), 0n);
        const earned = hosts.reduce((sum, one) => sum + BigInt(one.earned), 0n);
        const rent = running.reduce((sum, lease) => sum + rentPerHour(lease), 0n);
        const first = receipts[receipts.length - 1];
        const paid = receipts.reduce((sum, one) => sum + BigInt(one.to_host) + BigInt(one.held), 0n);
        const capacity = hosts.reduce((sum, one) => sum + one.capacity.cpu_milli, 0);
        const leased = running.reduce((sum, lease) => sum + lease.resources.cpu_milli, 0);
        const byService = new Map<string, { paid: bigint; requests: number }>();
        for (const one of receipts) {
          const service = leases.find((lease) => lease.id === one.lease)?.service ?? "";
          const before = byService.get(service) ?? { paid: 0n, requests: 0 };
          byService.set(service, { paid: before.paid + BigInt(one.to_host) + BigInt(one.held), requests: before.requests + Number(one.counters.requests) });
        }
        return (
          <>
            <Stats>
              <Stat label="Paid out in all" sub="after burn">
                <Fog value={earned} />
              </Stat>
              <Stat label="Held back" sub="paid once audit windows are over">
                <Fog value={held} />
              </Stat>
              <Stat label="Rent now" sub="an hour, use not included">
                <Fog value={rent} />
              </Stat>
              <Stat label="CPU leased" sub={`${cores(leased)} of ${cores(capacity)} cores`}>
                {share(String(leased), String(capacity), 0)}
              </Stat>
              <Stat label="Leases">{running.length}</Stat>
            </Stats>
            <Card title="Hosts">
              <Table
                caption="Hosts of this owner"
                rows={hosts}
                rowKey={(host) => host.id}
                columns={[
                  { name: "Host", cell: (host) => <Id value={host.id} to={link("host", host.id)} what="Host id" /> },
                  { name: "State", cell: (host) => <HostState host={host} /> },
                  { name: "Place", cell: (host) => country(host.location.country) },
                  { name: "CPU", cell: (host) => <Used host={host} offer={offers.get(host.id) ?? undefined} what="cpu_milli" /> },
                  { name: "Memory", cell: (host) => mib(host.capacity.memory_mib) },
                  { name: "Asks", right: true, cell: (host) => (offers.get(host.id) ? scaleText(offers.get(host.id)!.scale) : "nothing") },
                  { name: "Standing", right: true, cell: (host) => share(String(host.standing), "10000", 1) },
                  { name: "Failures", right: true, cell: (host) => host.failures },
                  { name: "Bond", right: true, cell: (host) => <Fog value={host.bond} /> },
                  { name: "Earned", right: true, cell: (host) => <Fog value={host.earned} /> },
                  { name: "Seen", right: true, cell: (host) => <Age ms={host.last_seen_ms} /> },
                ]}
              />
            </Card>
            <div class="two">
              <Card
                title="Earnings by service"
                note={first ? `From ${plural(receipts.length, "receipt")} that the chain still keeps, of the last ${span(Date.now() - Number(first.included_ms))}; foghost earnings has the whole record by day.` : undefined}
              >
                <Table
                  caption="Earnings by service"
                  rows={[...byService]}
                  rowKey={([service]) => service}
                  empty="No receipt is kept at present."
                  columns={[
                    { name: "Service", cell: ([service]) => <a href={link("service", service)}>{service}</a> },
                    { name: "Requests", right: true, cell: ([, sums]) => countText(sums.requests) },
                    { name: "Earned", right: true, cell: ([, sums]) => <Fog value={sums.paid} /> },
                    { name: "Share", right: true, cell: ([, sums]) => share(sums.paid, paid) },
                  ]}
                />
              </Card>
              <Card title="Latest receipts">
                <Table
                  caption="Latest receipts"
                  rows={receipts.slice(0, 12)}
                  rowKey={(one) => one.lease + one.number}
                  empty="No receipt is kept at present."
                  columns={[
                    { name: "Lease", cell: (one) => <Id value={one.lease} to={link("lease", one.lease)} what="lease id" copy={false} /> },
                    { name: "Block", cell: (one) => <Height value={one.height} /> },
                    { name: "Age", cell: (one) => <Age ms={one.included_ms} /> },
                    { name: "To the Host", right: true, cell: (one) => <Fog value={one.to_host} /> },
                    { name: "Held back", right: true, cell: (one) => <Fog value={one.held} /> },
                  ]}
                />
              </Card>
            </div>
            <Card title="Leases">
              <LeaseTable leases={leases} empty="None yet." />
            </Card>
            <Card title="What happened" note="The chain keeps such events for an hour.">
              <EventFeed events={events} most={30} empty="Nothing lately." />
            </Card>
          </>
        );
      }}
    </Shown>
  );
}
