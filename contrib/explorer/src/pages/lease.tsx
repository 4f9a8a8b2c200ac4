// A lease with its usage logs and receipts.
import type { ComponentChildren } from "preact";
import { link } from "../router.ts";
import { batch, FogError, or, rpc, type PageOf } from "../node/rpc.ts";
import { reasonText, resourcesText, ServiceLink } from "../node/words.tsx";
import type { Bid, Lease, Params, Receipt } from "../node/types.ts";
import { bytes, countText, fogNumber, scaleText, span, whole } from "../ui/format.ts";
import { useAsk, useSecond } from "../ui/hooks.ts";
import { Account, Age, Badge, Card, Facts, Fog, Height, Id, Page, Shown, Stat, Stats, Table, When } from "../ui/parts.tsx";
import { LeaseState, rentPerHour } from "./market_parts.tsx";
import { badId, isHash } from "./market_tables.tsx";

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
