// The pieces that pages are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { link } from "../router.ts";
import { ago, dateText, fogNumber, short } from "./format.ts";
import { useSecond } from "./hooks.ts";
import { Icon } from "./icons.tsx";

/** A page's head. Its title is what a screen reader hears after a change of page. */
export function Page(props: {
  title: string;
  kind?: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = (props.kind ? props.kind + " " : "") + props.title + " · FogCoin";
  }, [props.title, props.kind]);
  return (
    <div class="page">
      <header class="page-head">
        <div class="page-title">
          <h1 ref={head} tabIndex={-1}>
            {props.kind && <span class="kind">{props.kind} </span>}
            {props.title}
          </h1>
          {props.lead && <p class="lead">{props.lead}</p>}
        </div>
        {props.actions && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}

export function Card(props: { title?: string; note?: ComponentChildren; side?: ComponentChildren; class?: string; children: ComponentChildren }) {
  return (
    <section class={"card " + (props.class ?? "")}>
      {(props.title || props.side) && (
        <header class="card-head">
          {props.title && <h2>{props.title}</h2>}
          {props.side && <div class="card-side">{props.side}</div>}
        </header>
      )}
      {props.note && <p class="note">{props.note}</p>}
      {props.children}
    </section>
  );
}

export function Stats({ children }: { children: ComponentChildren }) {
  return <dl class="stats">{children}</dl>;
}
export function Stat(props: { label: string; sub?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="stat">
      <dt>{props.label}</dt>
      <dd>
        <span class="stat-value">{props.children}</span>
        {props.sub !== undefined && <span class="stat-sub">{props.sub}</span>}
      </dd>
    </div>
  );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  /** Numbers stand to the right. */
  right?: boolean;
  /** What to sort by; without it the column cannot be sorted by. */
  by?: (row: T) => number | bigint | string;
}

/** A table; on a narrow screen each row becomes a card with the columns' names beside the values. */
export function Table<T>(props: {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  empty?: ComponentChildren;
  sort?: [column: string, falling: boolean];
}) {
  const [sort, setSort] = useState(props.sort);
  let rows = props.rows;
  const by = sort && props.columns.find((column) => column.name === sort[0])?.by;
  if (by && sort) {
    const order = (a: T, b: T) => {
      const [x, y] = [by(a), by(b)];
      return x < y ? -1 : x > y ? 1 : 0;
    };
    rows = [...rows].sort((a, b) => (sort[1] ? order(b, a) : order(a, b)));
  }
  if (props.rows.length === 0) return <Empty>{props.empty ?? "There is nothing here yet."}</Empty>;
  return (
    <div class="table-frame" role="region" aria-label={props.caption} tabIndex={0}>
      <table role="table">
        <caption class="unseen">{props.caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {props.columns.map((column) => {
              const sorted = sort?.[0] === column.name ? (sort[1] ? "descending" : "ascending") : undefined;
              return (
                <th key={column.name} scope="col" role="columnheader" class={column.right ? "right" : ""} aria-sort={sorted}>
                  {column.by ? (
                    <button class="sort" onClick={() => setSort([column.name, sort?.[0] === column.name ? !sort[1] : true])}>
                      {column.name}
                      <span class="sort-mark" aria-hidden="true">
                        {sorted === "descending" ? "▾" : sorted === "ascending" ? "▴" : "▿"}
                      </span>
                    </button>
                  ) : (
                    column.name
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={props.rowKey(row)} role="row">
              {props.columns.map((column) => (
                <td key={column.name} role="cell" data-name={column.name} class={column.right ? "right" : ""}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export type Tone = "good" | "warn" | "bad" | "plain" | "info";
export function Badge({ tone = "plain", children, title }: { tone?: Tone; children: ComponentChildren; title?: string }) {
  return (
    <span class={"badge " + tone} title={title}>
      {children}
    </span>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="unseen">Loading</span>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="bone" />
      ))}
    </div>
  );
}
export function Trouble({ error, again }: { error: Error; again?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <Icon name="warn" />
      <p>{error.message}</p>
      {again && (
        <button class="button small" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
export function Note({ tone = "info", children }: { tone?: Tone; children: ComponentChildren }) {
  return <div class={"hint " + tone}>{children}</div>;
}

/** The answer of useAsk, or what stands in its place. */
export function Shown<T>(props: { of: { data: T | undefined; error: Error | undefined; again: () => void }; rows?: number; children: (data: T) => ComponentChildren }) {
  const { data, error, again } = props.of;
  if (data !== undefined) {
    return (
      <>
        {error && <Trouble error={error} again={again} />}
        {props.children(data)}
      </>
    );
  }
  return error ? <Trouble error={error} again={again} /> : <Loading rows={props.rows} />;
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, set] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => set(false), 1_500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      class="copy"
      title={"Copy " + what}
      aria-label={done ? "Copied" : "Copy " + what}
      onClick={async (event) => {
        event.preventDefault();
        event.stopPropagation();
        if (await copyText(text)) set(true);
      }}
    >
      <Icon name={done ? "check" : "copy"} size={14} />
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** An id, shortened; whole where `whole` is set. */
export function Id(props: { value: string; to?: string; what: string; whole?: boolean; copy?: boolean; text?: string }) {
  const shown = props.text ?? (props.whole ? props.value : short(props.value));
  const text = (
    <span class={props.text ? "" : "mono"} title={props.whole ? undefined : props.value}>
      {shown}
    </span>
  );
  return (
    <span class={"id" + (props.whole ? " whole" : "")}>
      {props.to ? <a href={props.to}>{text}</a> : text}
      {props.copy !== false && <Copy text={props.value} what={props.what} />}
    </span>
  );
}

let ownAddresses: () => Map<string, string> = () => new Map();
/** Who knows which addresses are this browser's own, with their labels. */
export function nameAddressesBy(names: () => Map<string, string>) {
  ownAddresses = names;
}
export function Account({ address, whole, copy }: { address: string; whole?: boolean; copy?: boolean }) {
  const own = ownAddresses().get(address);
  return (
    <span class="account">
      <Id value={address} to={link("account", address)} what="address" whole={whole} copy={copy} />
      {own && <Badge tone="info">{own}</Badge>}
    </span>
  );
}
export function Height({ value }: { value: string | number }) {
  return (
    <a href={link("block", value)} class="mono">
      {String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",")}
    </a>
  );
}
export function TxLink({ id, copy = false }: { id: string; copy?: boolean }) {
  return <Id value={id} to={link("tx", id)} what="transaction id" copy={copy} />;
}

export function Fog({ value }: { value: string | bigint }) {
  const [before, after] = fogNumber(value).split(".");
  return (
    <span class="fog">
      {before}
      {after && <span class="fog-part">.{after}</span>} <span class="fog-unit">FOG</span>
    </span>
  );
}

export function Age({ ms }: { ms: string | number }) {
  useSecond();
  const value = Number(ms);
  return (
    <time dateTime={new Date(value).toISOString()} title={dateText(value)}>
      {ago(value)}
    </time>
  );
}
export function When({ ms }: { ms: string | number }) {
  const value = Number(ms);
  return (
    <span>
      {dateText(value)}{" "}
      <span class="muted">
        (<Age ms={value} />)
      </span>
    </span>
  );
}

export function Meter({ part, total, label }: { part: number; total: number; label: string }) {
  const rate = total > 0 ? Math.min(1, part / total) : 0;
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (bar.current) bar.current.style.width = (100 * rate).toFixed(1) + "%";
  }, [rate]);
  return (
    <span class="meter" role="img" aria-label={label}>
      <span ref={bar} />
    </span>
  );
}

export function Tabs(props: { label: string; tabs: [id: string, name: string][]; now: string; onChange: (id: string) => void }) {
  return (
    <div class="tabs" role="group" aria-label={props.label}>
      {props.tabs.map(([id, name]) => (
        <button key={id} class={"tab" + (id === props.now ? " on" : "")} aria-pressed={id === props.now} onClick={() => props.onChange(id)}>
          {name}
        </button>
      ))}
    </div>
  );
}

export { Button, Choice, Dialog, Field, Text } from "./form.tsx";
