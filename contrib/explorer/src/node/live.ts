// Follows the chain: waits for each next height and tells whoever listens. One waiting call at a time, however many
// parts of the page listen; none while nobody does or the page is hidden.
import { followStatus, toJson } from "@fogcoin/sdk";
import { batch, client, FogError } from "./rpc.ts";
import type { Block, Status } from "./types.ts";

const kept = 120;
const atFirst = 40;
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

class Live {
  status: Status | null = null;
  trouble: string | null = null;
  /** The newest first; heights without gaps. */
  blocks: Block[] = [];
  private listeners = new Set<() => void>();
  private following: AbortController | null = null;

  constructor() {
    document.addEventListener("visibilitychange", () => this.adjust());
  }

  subscribe(listener: () => void) {
    this.listeners.add(listener);
    this.adjust();
    return () => {
      this.listeners.delete(listener);
      // Another part of the page is often about to listen.
      setTimeout(() => this.adjust(), 1_000);
    };
  }

  private tell() {
    for (const listener of [...this.listeners]) listener();
  }

  private adjust() {
    const wanted = this.listeners.size > 0 && !document.hidden;
    if (wanted && !this.following) {
      this.following = new AbortController();
      void this.follow(this.following.signal);
    } else if (!wanted && this.following) {
      this.following.abort();
      this.following = null;
    }
  }

  private say(trouble: string | null) {
    this.trouble = trouble;
    this.tell();
  }

  private async follow(signal: AbortSignal) {
    const onTrouble = (error?: FogError) => this.say(error ? "The node does not answer. Is it still running, and is this computer online?" : null);
    while (!signal.aborted) {
      try {
        const cursor = this.status ? { cursor: BigInt(this.status.height) } : {};
        for await (const { item } of followStatus(client, { ...cursor, signal, onTrouble })) {
          const status = toJson(item) as unknown as Status;
          await this.load(Number(status.height));
          this.status = status;
          this.say(null);
          await pause(200); // a busy chain does not drive the page faster than eyes can follow
        }
      } catch (error) {
        if (signal.aborted) return;
        this.say((error as Error).message);
        await pause(2_000);
      }
    }
  }

  private async load(height: number) {
    const newest = this.blocks[0] ? Number(this.blocks[0].header.height) : 0;
    if (height <= newest) return;
    const from = Math.max(newest + 1, height - (newest === 0 ? atFirst : kept) + 1, 1);
    const fresh: Block[] = [];
    for (let at = from; at <= height; at += atFirst) {
      const heights = Array.from({ length: Math.min(atFirst, height - at + 1) }, (_, i) => at + i);
      const answers = await batch<Block>(heights.map((one) => ["chain_block", { height: String(one), decode: true }]));
      for (const answer of answers) {
        // A hole would be drawn as if there were none: what lies before it is left out.
        if (answer instanceof FogError) fresh.length = 0;
        else fresh.push(answer);
      }
    }
    const joins = fresh[0] !== undefined && Number(fresh[0].header.height) === newest + 1;
    this.blocks = [...fresh.reverse(), ...(joins ? this.blocks : [])].slice(0, kept);
  }
}

export const live = new Live();
