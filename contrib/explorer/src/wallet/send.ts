// From messages to a final transaction, by the SDK: draft, sign here, submit, wait.
import { draftTx, feeAt, quote, signTx, submitTx, suggestFee, toJson, TxFailed, waitTx, writeMessage, type Address, type ReadyTx, type TxBody } from "@fogcoin/sdk";
import { client, rpc } from "../node/rpc.ts";
import type { AccountInfo, Outcome, Status } from "../node/types.ts";
import { signer } from "./keys.ts";
import { wallet } from "./state.ts";

/** A message as JSON-RPC shows it. */
export interface Order {
  name: string;
  body: Record<string, unknown>;
}

export type Speed = "normal" | "fast";
const timeToLiveMs = 10 * 60_000;

export interface Draft {
  body: TxBody;
  balance: bigint;
  /** What the fee is at this block's price, and at most. */
  fee: bigint;
  feeMax: bigint;
  chainName: string;
}

// Until when a lane of ours may hold a transaction that waits for a block: the next one takes another.
const busyUntil = new Map<number, number>();
const firstLane = crypto.getRandomValues(new Uint8Array(1))[0]! % 16;

function freeLane(): number {
  for (let i = 0; i < 16; ++i) {
    const lane = (firstLane + i) % 16;
    if ((busyUntil.get(lane) ?? 0) < Date.now()) return lane;
  }
  throw new Error("Sixteen transactions of this browser wait for a block. Wait until one is final.");
}

export async function draft(orders: Order[], speed: Speed, memo = ""): Promise<Draft> {
  const account = wallet.account;
  if (!account) throw new Error("There is no wallet in this browser yet.");
  const [status, info] = await Promise.all([rpc<Status>("chain_status"), rpc<AccountInfo>("account_get", { address: account.address })]);
  if (!info.exists) {
    throw new Error("This account has never been paid, so it has no FOG to pay the fee with. Receive some first.");
  }
  const base = BigInt(status.base_price);
  const fee = suggestFee(base);
  if (speed === "fast") {
    fee.tip = base > 1n ? base : 1n;
    fee.price_max = base * 2n + fee.tip;
  }
  const messages = orders.map((order) => writeMessage(order));
  const body = await draftTx(client, account.address as Address, messages, { lane: freeLane(), fee, ttlMs: timeToLiveMs, memo });
  const quoted = quote(body);
  return { body, balance: BigInt(info.balance), fee: feeAt(quoted, body, base), feeMax: quoted.fee_max, chainName: status.chain_name };
}

export interface Sent {
  id: string;
  height: string;
  outcome: Outcome;
}

/** Signs what the reader has confirmed and hands it in. */
export async function submit(body: TxBody): Promise<ReadyTx> {
  const ready = await signTx(body, signer());
  busyUntil.set(body.lane, Number(body.expiry_ms));
  try {
    await submitTx(client, ready);
  } catch (error) {
    busyUntil.delete(body.lane);
    throw error;
  }
  remember(ready.id);
  return ready;
}

/** Until a block includes it, whether it did what it says or failed; an Error when none ever will. */
export async function finality(ready: ReadyTx): Promise<Sent> {
  try {
    const { height, outcome } = await waitTx(client, ready, { timeoutMs: timeToLiveMs + 60_000 });
    return { id: ready.id, height: String(height), outcome: toJson(outcome) as unknown as Outcome };
  } catch (error) {
    if (!(error instanceof TxFailed)) throw error;
    return { id: ready.id, height: String(error.sent.height), outcome: toJson(error.sent.outcome) as unknown as Outcome };
  } finally {
    busyUntil.delete(ready.body.lane);
  }
}

// ---- what was sent from this browser, for the wallet's page ----

const sentKey = "fog.sent";
export interface Remembered {
  id: string;
  account: string;
  ms: number;
}
export function sentFromHere(): Remembered[] {
  try {
    const list = JSON.parse(localStorage.getItem(sentKey) ?? "[]");
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
function remember(id: string) {
  const list = [{ id, account: wallet.account!.address, ms: Date.now() }, ...sentFromHere()].slice(0, 60);
  localStorage.setItem(sentKey, JSON.stringify(list));
}
