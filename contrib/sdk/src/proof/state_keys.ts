/** The keys under which records stand in the state: a table byte and the rest. (chain/types/records.h) */
import { be32, be64, concat, fromHex, toHex, utf8, type Hex } from '../base/bytes.js';
import { addressToBytes, type Address } from '../keys/address.js';

function key(table: number, ...parts: Uint8Array[]): Hex {
  return toHex(concat(Uint8Array.of(table), ...parts));
}

/** Of an Account. */
export const accountKey = (address: Address): Hex => key(0x01, addressToBytes(address));
/** Of the ChainParams. */
export const chainParamsKey = (): Hex => key(0x02);
/** Of the Supply. */
export const supplyKey = (): Hex => key(0x03);
/** Of the FeeMarket. */
export const feeMarketKey = (): Hex => key(0x04);
/** Of the ValidatorSet that certifies the next block. */
export const validatorsKey = (): Hex => key(0x06);
/** Of a ValidatorRecord. */
export const validatorKey = (validator: Hex): Hex => key(0x07, fromHex(validator));
/** Of the EpochRecord. */
export const epochKey = (): Hex => key(0x08);
/** Of the ValidatorSet of the next epoch. */
export const nextValidatorsKey = (): Hex => key(0x09);
/** Of the StakingParams. */
export const stakingParamsKey = (): Hex => key(0x0b);
/** Of the PastEpoch of an epoch that is over. */
export const pastEpochKey = (epoch: bigint): Hex => key(0x0c, be64(epoch));
/** Of a Delegation. */
export const delegationKey = (delegator: Address, validator: Hex): Hex =>
  key(0xa2, addressToBytes(delegator), fromHex(validator));

/** Of the MarketParams. */
export const marketParamsKey = (): Hex => key(0x20);
/** Of a Host. */
export const hostKey = (id: Hex): Hex => key(0x21, fromHex(id));
/** Of an Offer. */
export const offerKey = (host: Hex): Hex => key(0x22, fromHex(host));
/** Of a Gateway. */
export const gatewayKey = (owner: Address): Hex => key(0x23, addressToBytes(owner));
/** Of a Service. */
export const serviceKey = (name: string): Hex => key(0x24, utf8(name));
/** Of a Bid. */
export const bidKey = (id: Hex): Hex => key(0x25, fromHex(id));
/** Of a Lease. */
export const leaseKey = (id: Hex): Hex => key(0x26, fromHex(id));
/** Of a ReceiptRecord. */
export const receiptKey = (lease: Hex, number: bigint): Hex => key(0x27, fromHex(lease), be64(number));
/** Of a HostAudit. */
export const hostAuditKey = (host: Hex): Hex => key(0x29, fromHex(host));
/** Of a Demand. */
export const demandKey = (bid: Hex, gateway: Address): Hex => key(0x2a, fromHex(bid), addressToBytes(gateway));

/** Where the events of an address after this one begin: a cursor of market_events. */
export const eventCursor = (address: Address, height: bigint, number: number): Hex =>
  key(0x8f, addressToBytes(address), be64(height), be32(number), Uint8Array.of(0));
