// What a transaction does and what an event says, in plain words with links.
import type { ComponentChildren } from "preact";
import { Account, Fog, Id } from "../ui/parts.tsx";
import { cores, dateText, mib, plural, scaleText } from "../ui/format.ts";
import { link } from "../router.ts";
import type { MarketEvent, Message, Resources } from "./types.ts";

export const HostLink = ({ id }: { id: string }) => <Id value={id} to={link("host", id)} what="Host id" copy={false} />;
export const BidLink = ({ id }: { id: string }) => <Id value={id} to={link("bid", id)} what="bid id" copy={false} />;
export const LeaseLink = ({ id }: { id: string }) => <Id value={id} to={link("lease", id)} what="lease id" copy={false} />;
export const ServiceLink = ({ name }: { name: string }) => <a href={link("service", name)}>{name}</a>;
export const ValidatorLink = ({ validator }: { validator: string }) => (
  <Id value={validator} to={link("validator", validator)} what="validator key" copy={false} />
);

export function resourcesText(resources: Resources): string {
  const parts = [cores(resources.cpu_milli) + (resources.cpu_milli === 1000 ? " core" : " cores"), mib(resources.memory_mib) + " memory"];
  if (resources.storage_mib) parts.push(mib(resources.storage_mib) + " storage");
  if (resources.egress_mbps) parts.push(resources.egress_mbps + " Mbit/s out");
  if (resources.gpu) parts.push(resources.gpu.milli / 1000 + " × " + resources.gpu.model);
  return parts.join(", ");
}

const replicas = (terms: { replicas_min: number; replicas_max: number }) =>
  terms.replicas_min === terms.replicas_max ? plural(terms.replicas_min, "replica") : `${terms.replicas_min} to ${terms.replicas_max} replicas`;

/** Short names of message kinds, for badges and lists. */
export function messageTitle(message: Message): string {
  const name = message.name ?? "message of kind " + message.kind;
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}

/** One message of a transaction as a sentence without its subject: "sends 5 FOG to ...". */
export function messageWords(message: Message): ComponentChildren {
  const b = message.body;
  if (!b) return <>does something that this page does not know (kind {message.kind})</>;
  switch (message.name) {
    case "transfer": {
      const outputs: { to: string; amount: string }[] = b.outputs;
      if (outputs.length === 1) {
        return (
          <>
            sends <Fog value={outputs[0]!.amount} /> to <Account address={outputs[0]!.to} copy={false} />
          </>
        );
      }
      const sum = outputs.reduce((total, one) => total + BigInt(one.amount), 0n);
      return (
        <>
          sends <Fog value={sum} /> to {plural(outputs.length, "account")}
        </>
      );
    }
    case "register_host":
      return (
        <>
          registers a Host in {b.location.country} with {resourcesText(b.capacity)}, bonding <Fog value={b.bond} />
        </>
      );
    case "update_host":
      return (
        <>
          changes Host <HostLink id={b.host} />
        </>
      );
    case "retire_host":
      return (
        <>
          retires Host <HostLink id={b.host} />
        </>
      );
    case "set_offer":
      return (
        <>
          offers {resourcesText(b.offered)} of Host <HostLink id={b.host} /> at {scaleText(b.scale)} of price class {b.price_class}
        </>
      );
    case "withdraw_offer":
      return (
        <>
          withdraws the offer of Host <HostLink id={b.host} />
        </>
      );
    case "admit_auditors":
      return (
        <>
          admits {plural(b.auditors.length, "auditor")} for Host <HostLink id={b.host} />
        </>
      );
    case "attest_host":
      return (
        <>
          attests attributes of Host <HostLink id={b.host} /> until {dateText(Number(b.expires_ms))}
        </>
      );
    case "revoke_attestation":
      return (
        <>
          revokes what it attested of Host <HostLink id={b.host} />
        </>
      );
    case "drain_host":
      return (
        <>
          announces that Host <HostLink id={b.host} /> leaves
        </>
      );
    case "register_gateway":
      return <>registers a gateway at {b.endpoint}</>;
    case "update_gateway":
      return <>changes its gateway</>;
    case "publish_service":
      return (
        <>
          publishes the service <ServiceLink name={b.name} />
        </>
      );
    case "update_service":
      return (
        <>
          publishes a new version of <ServiceLink name={b.name} />
        </>
      );
    case "retire_service":
      return (
        <>
          retires the service <ServiceLink name={b.name} />
        </>
      );
    case "create_bid":
      return (
        <>
          bids for {replicas(b.terms)} of <ServiceLink name={b.terms.service} />, putting <Fog value={b.deposit} /> into escrow
        </>
      );
    case "top_up_bid":
      return (
        <>
          adds <Fog value={b.amount} /> to the escrow of bid <BidLink id={b.bid} />
        </>
      );
    case "close_bid":
      return (
        <>
          closes bid <BidLink id={b.bid} />
        </>
      );
    case "update_bid":
      return (
        <>
          changes bid <BidLink id={b.bid} /> to {replicas(b.terms)} of <ServiceLink name={b.terms.service} />
        </>
      );
    case "raise_demand":
      return (
        <>
          asks for {plural(b.replicas, "replica")} of bid <BidLink id={b.bid} /> as its gateway
        </>
      );
    case "ack_lease":
      return (
        <>
          starts the replica of lease <LeaseLink id={b.lease} /> (term {b.term})
        </>
      );
    case "open_lease":
      return (
        <>
          opens the reservation of lease <LeaseLink id={b.lease} />
        </>
      );
    case "release_lease":
      return (
        <>
          gives up lease <LeaseLink id={b.lease} />
          {b.why ? `: ${b.why}` : ""}
        </>
      );
    case "heartbeat":
      return (
        <>
          says that Host <HostLink id={b.host} /> is alive
        </>
      );
    case "submit_receipts":
      return (
        <>
          claims payment with {plural(b.receipts.length, "receipt")} of Host <HostLink id={b.host} />
        </>
      );
    case "create_validator":
      return (
        <>
          registers validator <ValidatorLink validator={b.key} /> with a bond of <Fog value={b.bond} />
        </>
      );
    case "edit_validator":
      return (
        <>
          changes validator <ValidatorLink validator={b.validator} />
        </>
      );
    case "unjail":
      return (
        <>
          takes validator <ValidatorLink validator={b.validator} /> out of jail
        </>
      );
    case "submit_evidence":
      return (
        <>
          proves that validator <ValidatorLink validator={b.validator} /> voted against itself
        </>
      );
    case "delegate":
      return (
        <>
          delegates <Fog value={b.amount} /> to validator <ValidatorLink validator={b.validator} />
        </>
      );
    case "redelegate":
      return (
        <>
          moves {b.amount === null ? "all its stake" : <Fog value={b.amount} />} from validator <ValidatorLink validator={b.from} /> to{" "}
          <ValidatorLink validator={b.to} />
        </>
      );
    case "undelegate":
      return (
        <>
          takes {b.amount === null ? "all its stake" : <Fog value={b.amount} />} back from validator <ValidatorLink validator={b.validator} />
        </>
      );
    case "withdraw_rewards":
      return (
        <>
          collects its rewards of validator <ValidatorLink validator={b.validator} />
        </>
      );
    case "propose_parameters":
      return <>proposes to change {b.changes.map((one: { name: string; value: string }) => `${one.name} to ${one.value}`).join(", ")}</>;
    case "vote_parameters":
      return (
        <>
          votes {b.approve ? "for" : "against"} proposal {b.proposal}
        </>
      );
    default:
      return <>{messageTitle(message)}</>;
  }
}

const reasons: Record<string, string> = {
  open: "open",
  by_publisher: "closed by its Publisher",
  by_host: "given up by its Host",
  ack_missed: "the Host did not start it in time",
  host_silent: "the Host fell silent",
  escrow_exhausted: "the escrow was used up",
  service_retired: "the service was retired",
  host_retired: "the Host was retired",
  not_started: "nobody was found in time",
  scaled_down: "fewer replicas were wanted",
  idle: "the demand for it was over",
  lease_over: "its time was over and another Host won the next",
  host_leaving: "the Host leaves",
};
export function reasonText(reason: string): string {
  return reasons[reason] ?? reason.replaceAll("_", " ");
}

export function eventWords(event: MarketEvent): ComponentChildren {
  const lease = /^0x0*$/.test(event.lease) ? null : <LeaseLink id={event.lease} />;
  const bid = /^0x0*$/.test(event.bid) ? null : <BidLink id={event.bid} />;
  const host = /^0x0*$/.test(event.host) ? null : <HostLink id={event.host} />;
  const service = event.service ? <ServiceLink name={event.service} /> : null;
  switch (event.kind) {
    case "bid_created":
      return <>Bid {bid} for {service} opened with <Fog value={event.amount} /></>;
    case "bid_updated":
      return <>Bid {bid} changed: at least {plural(event.replicas, "replica")} now</>;
    case "bid_funded":
      return <>Bid {bid} topped up with <Fog value={event.amount} /></>;
    case "bid_closed":
      return <>Bid {bid} closed: {reasonText(event.reason)}</>;
    case "bid_refunded":
      return <>Bid {bid} returned <Fog value={event.amount} /> to its depositors</>;
    case "escrow_low":
      return <>Escrow of bid {bid} is low: <Fog value={event.amount} /> free</>;
    case "escrow_filled":
      return <>Escrow of bid {bid} suffices again</>;
    case "lease_proposed":
      return <>Lease {lease} of {service} proposed to Host {host} at {scaleText(event.scale)}</>;
    case "lease_reserved":
      return <>Lease {lease} of {service} reserved on Host {host}</>;
    case "lease_active":
      return <>Lease {lease} of {service} active on Host {host}</>;
    case "lease_renewed":
      return <>Lease {lease} renewed on Host {host} at {scaleText(event.scale)}</>;
    case "lease_closing":
      return <>Lease {lease} on Host {host} closes: {reasonText(event.reason)}</>;
    case "lease_closed":
      return <>Lease {lease} on Host {host} closed: {reasonText(event.reason)}</>;
    case "demand_changed":
      return <>A gateway asks for {plural(event.replicas, "replica")} of bid {bid}</>;
    case "host_leaving":
      return <>Host {host} leaves</>;
    case "host_retired":
      return <>Host {host} retired</>;
    case "bond_returned":
      return <>Bond of Host {host} returned: <Fog value={event.amount} /></>;
    default:
      return <>{event.kind.replaceAll("_", " ")}</>;
  }
}

/** Why Offers cannot serve, after "n Hosts ...". As market/types/misfit.cc says it. */
const misfits: Record<string, string> = {
  too_new: "have changed their offer in this block and take part from the next",
  runtime_kind: "do not run services of this kind",
  runtime_profile: "do not have the runtime profile that the bid names",
  country: "are in a country that the bid does not accept",
  cell: "lie in none of the cells",
  distance: "are too far away",
  latency: "are too far away for the latency",
  gpu: "have no such GPU, or too little of it free",
  cpu: "have too little CPU free",
  memory: "have too little memory free",
  storage: "have too little storage free",
  egress: "have too little egress free",
  attribute: "do not have the attributes that the bid demands",
  attestation: "have no attestation by a trusted auditor",
  host_unlisted: "are not among the Hosts that the bid names",
  host_denied: "are excluded by the bid",
  owner_unlisted: "do not belong to the owners that the bid names",
  owner_denied: "belong to owners that the bid excludes",
  failed_before: "failed or left this bid a moment ago",
  standing: "have too low a standing",
  price_cap: "ask more than the price cap",
  unit_cap: "ask more for a unit than its cap",
};
export function misfitText(why: string): string {
  return misfits[why] ?? why.replaceAll("_", " ");
}
