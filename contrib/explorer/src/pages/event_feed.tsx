// What the market has told an account, in words.
import { eventWords } from "../node/words.tsx";
import type { MarketEvent } from "../node/types.ts";
import { Age, Empty, Height } from "../ui/parts.tsx";

/** The latest first. */
export function EventFeed({ events, most, empty }: { events: MarketEvent[]; most: number; empty: string }) {
  if (events.length === 0) return <Empty>{empty}</Empty>;
  return (
    <ol class="feed">
      {events.slice(0, most).map((event) => (
        <li key={event.height + "/" + event.number}>
          <span class="words">{eventWords(event)}</span>
          <span class="feed-side">
            <Height value={event.height} /> · <Age ms={event.time_ms} />
          </span>
        </li>
      ))}
    </ol>
  );
}
