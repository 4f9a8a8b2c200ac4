/** The market's messages. Who may send each, and what it does, stands at each. (market/types/messages.h) */
import { amount, fixed, hash32, list, struct, text, u16, u32, u64, u8, type Infer } from '../bcs/codec.js';
import { address } from '../keys/address.js';
import { Manifest, RoundTrip, SumNode } from './market.js';
import { Attributes, BidTerms, Location, Resources } from './market_terms.js';
import { messageKind } from './transaction.js';

const endpoint = text(255);
const serviceName = text(63);

// ---- Hosts ----

/** The sender becomes the owner; the bond moves out of its balance. */
export const RegisterHost = messageKind(10, 'register_host', {
  operator_key: fixed(33),
  endpoint,
  location: Location,
  capacity: Resources,
  attributes: Attributes,
  runtimes: list(hash32, 8),
  bond: amount,
});
export interface RegisterHost extends Infer<typeof RegisterHost> {}

/** By the owner. bond_added may be zero. */
export const UpdateHost = messageKind(11, 'update_host', {
  host: hash32,
  operator_key: fixed(33),
  endpoint,
  location: Location,
  capacity: Resources,
  attributes: Attributes,
  runtimes: list(hash32, 8),
  bond_added: amount,
});
export interface UpdateHost extends Infer<typeof UpdateHost> {}

/** By the owner. Open leases get notice; the bond returns once no lease is open. */
export const RetireHost = messageKind(12, 'retire_host', { host: hash32 });
export interface RetireHost extends Infer<typeof RetireHost> {}

/** By owner or operator: sets or changes the ask. */
export const SetOffer = messageKind(13, 'set_offer', { host: hash32, price_class: u8, scale: u32, offered: Resources });
export interface SetOffer extends Infer<typeof SetOffer> {}

/** By owner or operator. Leases go on. */
export const WithdrawOffer = messageKind(14, 'withdraw_offer', { host: hash32 });
export interface WithdrawOffer extends Infer<typeof WithdrawOffer> {}

/** By the Host's owner: whose attestations of the Host may stand. */
export const AdmitAuditors = messageKind(15, 'admit_auditors', { host: hash32, auditors: list(address, 8) });
export interface AdmitAuditors extends Infer<typeof AdmitAuditors> {}

/** By an admitted auditor: these attributes of the Host hold until then. */
export const AttestHost = messageKind(16, 'attest_host', { host: hash32, attributes: Attributes, expires_ms: u64 });
export interface AttestHost extends Infer<typeof AttestHost> {}

/** By the auditor: what it has attested of the Host no longer holds. */
export const RevokeAttestation = messageKind(17, 'revoke_attestation', { host: hash32 });
export interface RevokeAttestation extends Infer<typeof RevokeAttestation> {}

/** By owner or operator: the Host leaves after that time. */
export const DrainHost = messageKind(45, 'drain_host', { host: hash32, after_ms: u64 });
export interface DrainHost extends Infer<typeof DrainHost> {}

// ---- gateways ----

/** The sender becomes a gateway; one an account. */
export const RegisterGateway = messageKind(18, 'register_gateway', { key: fixed(33), endpoint, location: Location });
export interface RegisterGateway extends Infer<typeof RegisterGateway> {}

export const UpdateGateway = messageKind(19, 'update_gateway', { key: fixed(33), endpoint, location: Location });
export interface UpdateGateway extends Infer<typeof UpdateGateway> {}

// ---- services ----

/** Claims a unique name. */
export const PublishService = messageKind(20, 'publish_service', { name: serviceName, manifest: Manifest });
export interface PublishService extends Infer<typeof PublishService> {}

/** A new version; leases that run keep theirs until they end. */
export const UpdateService = messageKind(21, 'update_service', { name: serviceName, manifest: Manifest });
export interface UpdateService extends Infer<typeof UpdateService> {}

/** Only without open bids. Frees the name. */
export const RetireService = messageKind(22, 'retire_service', { name: serviceName });
export interface RetireService extends Infer<typeof RetireService> {}

// ---- bids ----

/** By the service's owner. The deposit goes into escrow. */
export const CreateBid = messageKind(30, 'create_bid', { terms: BidTerms, deposit: amount });
export interface CreateBid extends Infer<typeof CreateBid> {}

/** By anyone. */
export const TopUpBid = messageKind(31, 'top_up_bid', { bid: hash32, amount });
export interface TopUpBid extends Infer<typeof TopUpBid> {}

/** By the owner. Leases close at once; what is not owed returns to the depositors. */
export const CloseBid = messageKind(32, 'close_bid', { bid: hash32 });
export interface CloseBid extends Infer<typeof CloseBid> {}

/** By the owner. The terms for what is cleared from now on, service excepted. */
export const UpdateBid = messageKind(33, 'update_bid', { bid: hash32, terms: BidTerms });
export interface UpdateBid extends Infer<typeof UpdateBid> {}

/** By a gateway that the Bid authorizes: it needs so many replicas near there. */
export const RaiseDemand = messageKind(34, 'raise_demand', {
  bid: hash32,
  replicas: u16,
  location: Location,
  round_trips: list(RoundTrip, 32),
  for_ms: u64,
});
export interface RaiseDemand extends Infer<typeof RaiseDemand> {}

// ---- leases ----

/** By the Host's operator: the replica runs and can serve. */
export const AckLease = messageKind(40, 'ack_lease', { lease: hash32, term: u32 });
export interface AckLease extends Infer<typeof AckLease> {}

/** By the Host's operator: declines a proposed lease or gives up an active one. */
export const ReleaseLease = messageKind(41, 'release_lease', { lease: hash32, term: u32, why: text(128) });
export interface ReleaseLease extends Infer<typeof ReleaseLease> {}

/** By the Host's operator: it is alive, and so are all its acknowledged leases. */
export const Heartbeat = messageKind(42, 'heartbeat', { host: hash32 });
export interface Heartbeat extends Infer<typeof Heartbeat> {}

/** By which a gateway opens a warm reservation. */
export const Ticket = struct('Ticket', {
  chain_id: hash32,
  lease: hash32,
  term: u32,
  gateway: address,
  number: u64,
  expiry_ms: u64,
});
export interface Ticket extends Infer<typeof Ticket> {}

export const SignedTicket = struct('SignedTicket', { ticket: Ticket, signature: fixed(64) });
export interface SignedTicket extends Infer<typeof SignedTicket> {}

/** By the Host's operator: a gateway has opened its warm reservation, as the ticket shows. */
export const OpenLease = messageKind(44, 'open_lease', { lease: hash32, term: u32, ticket: SignedTicket });
export interface OpenLease extends Infer<typeof OpenLease> {}

// ---- receipts ----

/** A gateway's cumulative count of what it forwarded to one lease in one term. */
export const Voucher = struct('Voucher', {
  chain_id: hash32,
  lease: hash32,
  term: u32,
  gateway: address,
  count: u64,
  request_bytes: u64,
  response_bytes: u64,
  chain: hash32,
});
export interface Voucher extends Infer<typeof Voucher> {}

export const SignedVoucher = struct('SignedVoucher', { voucher: Voucher, signature: fixed(64) });
export interface SignedVoucher extends Infer<typeof SignedVoucher> {}

/** One gateway's log in a receipt. */
export const LogClaim = struct('LogClaim', {
  gateway: address,
  count: u64,
  root: SumNode,
  consistency: list(SumNode, 128),
  voucher: SignedVoucher,
});
export interface LogClaim extends Infer<typeof LogClaim> {}

/** A Host's claim for one lease. */
export const Receipt = struct('Receipt', { lease: hash32, term: u32, logs: list(LogClaim, 8) });
export interface Receipt extends Infer<typeof Receipt> {}

/** By the Host's operator. All receipts hold or the message fails. */
export const SubmitReceipts = messageKind(43, 'submit_receipts', { host: hash32, receipts: list(Receipt, 64) });
export interface SubmitReceipts extends Infer<typeof SubmitReceipts> {}
