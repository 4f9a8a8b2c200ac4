// Calls to the node that served this page, by the SDK's client. Nothing else is ever called from here.
//
// Pages show what JSON-RPC says, so they take its own form: 64-bit numbers as decimal text.
import { Client, FogError, InvalidInput, toJson, TransportError, type BatchCall, type MethodName } from "@fogcoin/sdk";

export { FogError, InvalidInput };

/** Where the page came from, whatever its fragment is. */
export const client = new Client(new URL("./", location.href.split("#")[0]!));

export type Call = [method: MethodName, params?: Record<string, unknown>];

export function isNotFound(error: unknown): boolean {
  return error instanceof FogError && error.code === "not_found";
}

/** The client's words are for programs; these are for who looks at the page. */
function plainly(error: unknown): FogError {
  if (error instanceof TransportError) return new FogError(error.code, "The node does not answer. Is it still running, and is this computer online?");
  return error instanceof FogError ? error : new FogError("internal", (error as Error).message);
}

export async function rpc<T = any>(method: MethodName, params: Record<string, unknown> = {}): Promise<T> {
  try {
    return toJson(await client.call(method, params as never)) as T;
  } catch (error) {
    throw plainly(error);
  }
}

/** A node does only so much work for one request (5,000 units; a list's page or a block is 50). */
const callsAtOnce = 90;

/** Many calls in few requests. A call that fails gives its error in its place. */
export async function batch<T = any>(calls: Call[]): Promise<(T | FogError)[]> {
  const out: (T | FogError)[] = [];
  try {
    for (let at = 0; at < calls.length; at += callsAtOnce) {
      const part = calls.slice(at, at + callsAtOnce).map(([method, params]) => ({ method, params }) as BatchCall);
      const answers: PromiseSettledResult<unknown>[] = await client.batch(part);
      for (const answer of answers) out.push(answer.status === "fulfilled" ? (toJson(answer.value) as T) : plainly(answer.reason));
    }
  } catch (error) {
    throw plainly(error);
  }
  return out;
}

export function or<T>(value: T | FogError, fallback: T): T {
  return value instanceof FogError ? fallback : value;
}

export interface PageOf<T> {
  items: T[];
  next: string | null;
  height: string;
}

/** All items of a list that comes in pages, at most `most`. */
export async function all<T>(method: MethodName, params: Record<string, unknown> = {}, most = 2_000): Promise<{ items: T[]; more: boolean }> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: PageOf<T> = await rpc(method, { ...params, limit: 256, ...(cursor ? { cursor } : {}) });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && items.length < most);
  return { items, more: cursor !== null };
}
