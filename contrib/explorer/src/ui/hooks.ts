import { useEffect, useRef, useState } from "preact/hooks";
import { live } from "../node/live.ts";

/** Draws the component again at each new block. */
export function useLive() {
  const [, draw] = useState(0);
  useEffect(() => live.subscribe(() => draw((n) => n + 1)), []);
  return live;
}

/** Blocks may come many times a second; a page is read anew no more often than this. */
const restMs = 1_500;

export interface Asked<T> {
  data: T | undefined;
  error: Error | undefined;
  again: () => void;
}

/**
 * What `ask` answers; asked again when `deps` change (then the old answer goes) and, with `everyBlock`, as blocks come
 * (then the old answer stays until the new one is here).
 */
export function useAsk<T>(ask: () => Promise<T>, deps: unknown[], everyBlock = false): Asked<T> {
  const [state, set] = useState<{ data?: T; error?: Error; of: string }>({ of: "" });
  const key = JSON.stringify(deps);
  const [turn, setTurn] = useState(0);
  const busy = useRef(false);
  const waiting = useRef(false);
  const current = useRef(key);
  current.current = key;

  useEffect(() => {
    let gone = false;
    let ranAt = 0;
    const run = async () => {
      if (busy.current) {
        waiting.current = true;
        return;
      }
      busy.current = true;
      ranAt = Date.now();
      try {
        const data = await ask();
        if (!gone && current.current === key) set({ data, of: key });
      } catch (error) {
        if (!gone && current.current === key) set((old) => ({ data: old.of === key ? old.data : undefined, error: error as Error, of: key }));
      } finally {
        busy.current = false;
      }
      if (waiting.current && !gone) {
        waiting.current = false;
        void run();
      }
    };
    busy.current = false;
    void run();
    const stop = everyBlock
      ? (() => {
          let height = live.status?.height;
          let timer = 0;
          const off = live.subscribe(() => {
            if (live.status?.height === height || timer) return;
            height = live.status?.height;
            timer = window.setTimeout(() => {
              timer = 0;
              void run();
            }, Math.max(restMs / 6, restMs - (Date.now() - ranAt)));
          });
          return () => {
            off();
            clearTimeout(timer);
          };
        })()
      : () => {};
    return () => {
      gone = true;
      stop();
    };
  }, [key, turn, everyBlock]);

  const fits = state.of === key;
  return { data: fits ? state.data : undefined, error: fits ? state.error : undefined, again: () => setTurn((n) => n + 1) };
}

/** Draws again every second, for ages. One timer for all. */
const tickers = new Set<() => void>();
let ticking = 0;
export function useSecond() {
  const [, draw] = useState(0);
  useEffect(() => {
    const tick = () => draw((n) => n + 1);
    tickers.add(tick);
    if (!ticking) ticking = window.setInterval(() => tickers.forEach((one) => one()), 1_000);
    return () => {
      tickers.delete(tick);
      if (tickers.size === 0) {
        clearInterval(ticking);
        ticking = 0;
      }
    };
  }, []);
}
