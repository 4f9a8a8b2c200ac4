// Leases and bids in tables, and other small things that the market's pages share.
import { link } from "../router.ts";
import { InvalidInput } from "../node/rpc.ts";
import { LeaseLink, resourcesText, ServiceLink } from "../node/words.tsx";
import type { Bid, Lease } from "../node/types.ts";
import { countText, scaleText } from "../ui/format.ts";
import { Fog, Id, Table } from "../ui/parts.tsx";
import { BidState, capOfStep, LeaseState, rentPerHour } from "./market_parts.tsx";

export const isHash = (text: string) => /^0x[0-9a-f]{64}$/i.test(text);
export const badId = (what: string) => Promise.reject(new InvalidInput(`This is not the id of a ${what}: it has 64 hexadecimal digits after 0x.`));

/** A map of the chain's as its entries. */
export function pairs(value: any): [string, string][] {
  if (!value) return [];
  if (Array.isArray(value)) return value.map((one) => (Array.isArray(one) ? [String(one[0]), String(one[1])] : [String(one.key), String(one.value)]));
  return Object.entries(value).map(([name, one]) => [name, String(one)]);
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

export function requestsOf(lease: Lease): number {
  return lease.logs.reduce((sum, log) => sum + Number(log.root.sums.requests), 0);
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
