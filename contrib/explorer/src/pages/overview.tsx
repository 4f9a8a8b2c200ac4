import { link } from "../router.ts";
import { rpc } from "../node/rpc.ts";
import { all } from "../node/rpc.ts";
import type { EpochView, Host, Service } from "../node/types.ts";
import { cores, fog, mib, plural, share, span, whole } from "../ui/format.ts";
import { useAsk, useLive } from "../ui/hooks.ts";
import { Chart } from "../ui/chart.tsx";
import { Age, Card, Empty, Height, Id, Loading, Stat, Stats } from "../ui/parts.tsx";
import { Icon } from "../ui/icons.tsx";
import { TxFeed } from "./tx.tsx";

const paths = [
  ["wallet", "wallet", "Hold and send FOG", "A wallet in this browser: its keys never leave it."],
  ["publish", "publish", "Publish a service", "Upload a program, preview matches and cost, fund it, watch it run."],
  ["hosting", "hosting", "Host services", "Earnings, standing and leases of a Host, by its address."],
  ["stake", "stake", "Stake", "Put FOG behind a validator and collect rewards."],
] as const;

export function Overview() {
  const live = useLive();
  const epoch = useAsk(() => rpc<EpochView>("staking_epoch"), [], true).data;
  const hosts = useAsk(() => all<Host>("market_hosts"), []).data?.items;
  const services = useAsk(() => all<Service>("market_services"), []).data;
  const blocks = live.blocks;
  const status = live.status;

  const upward = [...blocks].reverse();
  const heights = upward.map((block) => Number(block.header.height));
  const counts = upward.map((block) => block.txs.length);
  const gaps = upward.map((block, i) => (i === 0 ? null : (Number(block.header.time_ms) - Number(upward[i - 1]!.header.time_ms)) / 1000));
  const newest = blocks[0];
  const oldest = blocks[blocks.length - 1];
  const took = newest && oldest ? Number(newest.header.time_ms) - Number(oldest.header.time_ms) : 0;
  const stake = epoch?.set.validators.reduce((sum, one) => sum + BigInt(one.stake), 0n);
  const alive = hosts?.filter((host) => host.down_since_ms === "0" && host.retired_at_ms === "0");
  const txs = blocks.flatMap((block) => block.txs.map((tx, i) => ({ tx, outcome: block.outcomes[i]!, block })).reverse()).slice(0, 9);

  return (
    <div class="page">
      <header class="hero">
        <h1 tabIndex={-1}>Any computer can earn by running other people's services</h1>
        <p class="lead">
          This is a node of {status?.chain_name ?? "the network"}: blocks as they become final, the market of Hosts and services, and a console to take part.
        </p>
      </header>
      <Stats>
        <Stat label="Final height" sub={status ? <Age ms={status.time_ms} /> : " "}>
          {status ? whole(status.height) : "…"}
        </Stat>
        <Stat label="Block time" sub={blocks.length > 1 ? `mean of ${blocks.length - 1}` : " "}>
          {blocks.length > 1 ? span(took / (blocks.length - 1)) : "–"}
        </Stat>
        <Stat label="Transactions" sub={blocks.length ? `in the last ${blocks.length} blocks` : " "}>
          {whole(counts.reduce((sum, one) => sum + one, 0))}
        </Stat>
        <Stat label="Base price" sub="droplets a unit">
          {status ? whole(status.base_price) : "…"}
        </Stat>
        <Stat label="Stake at work" sub={epoch ? `${plural(epoch.set.validators.length, "validator")}, epoch ${epoch.epoch.epoch}` : " "}>
          {stake === undefined ? "…" : fog(stake).replace(/\.\d+/, "")}
        </Stat>
        <Stat label="Hosts" sub={alive ? `${cores(alive.reduce((sum, one) => sum + one.capacity.cpu_milli, 0))} cores, ${mib(alive.reduce((sum, one) => sum + one.capacity.memory_mib, 0))}` : " "}>
          {alive ? whole(alive.length) : "…"}
        </Stat>
        <Stat label="Services" sub={services ? `${services.items.filter((one) => one.bids_open > 0).length} in demand` : " "}>
          {services ? whole(services.items.length) + (services.more ? "+" : "") : "…"}
        </Stat>
      </Stats>

      <div class="two">
        <Card title="Transactions a block">
          <Chart
            label="Transactions in each of the last blocks"
            x={heights}
            xName="height"
            xWhole
            xText={whole}
            yText={(value) => (Number.isInteger(value) ? whole(value) : "")}
            series={[{ name: "transactions", values: counts }]}
            bars
          />
        </Card>
        <Card title="Seconds between blocks">
          <Chart
            label="Seconds between each of the last blocks and the one before"
            x={heights}
            xName="height"
            xWhole
            xText={whole}
            yText={(value) => value.toFixed(value >= 10 ? 0 : 1) + " s"}
            series={[{ name: "seconds", values: gaps, colour: "--second" }]}
          />
        </Card>
      </div>

      <div class="two">
        <Card title="Latest blocks" side={<a href="#/blocks">All blocks</a>}>
          {blocks.length === 0 ? (
            <Loading rows={6} />
          ) : (
            <ol class="feed" aria-label="Latest blocks">
              {blocks.slice(0, 9).map((block) => (
                <li key={block.header.height} class="fresh">
                  <Height value={block.header.height} />
                  <span class="feed-side">
                    <Age ms={block.header.time_ms} />
                  </span>
                  <span class="feed-sub">
                    proposed by <Id value={block.header.proposer} to={link("validator", block.header.proposer)} what="validator key" copy={false} />
                  </span>
                  <span class="feed-side">{block.txs.length === 1 ? "1 transaction" : `${block.txs.length} transactions`}</span>
                </li>
              ))}
            </ol>
          )}
        </Card>
        <Card title="Latest transactions" side={<span class="muted">of the last {blocks.length} blocks</span>}>
          {blocks.length === 0 ? (
            <Loading rows={6} />
          ) : txs.length === 0 ? (
            <Empty>The last {blocks.length} blocks carry no transactions.</Empty>
          ) : (
            <TxFeed items={txs} />
          )}
        </Card>
      </div>

      {epoch && stake !== undefined && (
        <p class="muted">
          A block is final when validators with more than two thirds of the stake have signed it: {share((stake * 2n) / 3n + 1n, stake)} of {fog(stake)} here.
        </p>
      )}

      <nav class="path-cards" aria-label="What you can do here">
        {paths.map(([path, icon, name, text]) => (
          <a key={path} class="path-card" href={"#/" + path}>
            <strong>
              <Icon name={icon} />
              {name}
            </strong>
            <span>{text}</span>
          </a>
        ))}
      </nav>
    </div>
  );
}
