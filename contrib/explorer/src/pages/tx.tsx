import { useMemo } from "preact/hooks";
import { link } from "../router.ts";
import { InvalidInput, rpc } from "../node/rpc.ts";
import { messageTitle, messageWords } from "../node/words.tsx";
import type { Block, Outcome, Tx, TxStatus } from "../node/types.ts";
import { memoText, plural, whole } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Account, Age, Badge, Card, Facts, Fog, Height, Id, Note, Page, Shown, Table, TxLink, When } from "../ui/parts.tsx";

export interface PlacedTx {
  tx: Tx;
  outcome: Outcome;
  block: { header: Pick<Block["header"], "height" | "time_ms"> };
}

export function TxState({ outcome }: { outcome: Outcome }) {
  return outcome.fault.number === 0 ? (
    <Badge tone="good">done</Badge>
  ) : (
    <Badge tone="bad" title={outcome.fault.help}>
      {outcome.fault.name.replaceAll("_", " ")}
    </Badge>
  );
}

export function TxWords({ tx }: { tx: Tx }) {
  const messages = tx.body.messages;
  return (
    <span class="words">
      <Account address={tx.body.sender} copy={false} /> {messages[0] ? messageWords(messages[0]) : "does nothing"}
      {messages.length > 1 && <span class="muted"> and {plural(messages.length - 1, "more message")}</span>}
    </span>
  );
}

export function TxFeed({ items }: { items: PlacedTx[] }) {
  return (
    <ol class="feed" aria-label="Transactions">
      {items.map(({ tx, outcome, block }) => (
        <li key={tx.id} class="fresh">
          <TxWords tx={tx} />
          <span class="feed-side">
            <Age ms={block.header.time_ms} />
          </span>
          <span class="feed-sub">
            <TxLink id={tx.id} />
          </span>
          <span class="feed-side">
            <TxState outcome={outcome} />
          </span>
        </li>
      ))}
    </ol>
  );
}

export function TxTable({ items, caption, empty }: { items: PlacedTx[]; caption: string; empty: string }) {
  return (
    <Table
      caption={caption}
      rows={items}
      rowKey={(row) => row.tx.id}
      empty={empty}
      columns={[
        { name: "Transaction", cell: (row) => <TxLink id={row.tx.id} copy /> },
        { name: "Block", cell: (row) => <Height value={row.block.header.height} /> },
        { name: "Age", cell: (row) => <Age ms={row.block.header.time_ms} /> },
        { name: "What", cell: (row) => <TxWords tx={row.tx} /> },
        { name: "Fee", right: true, cell: (row) => <Fog value={BigInt(row.outcome.fee_burned) + BigInt(row.outcome.fee_tip)} /> },
        { name: "State", cell: (row) => <TxState outcome={row.outcome} /> },
      ]}
    />
  );
}

async function find(id: string) {
  const status = await rpc<TxStatus>("tx_get", { id });
  if (status.place !== "final") return { status, tx: null, block: null };
  const block = await rpc<Block>("chain_block", { height: status.height, decode: true });
  return { status, block, tx: block.txs[status.index!] ?? null };
}

export function TxPage({ path }: { path: string[] }) {
  const id = path[1] ?? "";
  const isId = /^0x[0-9a-f]{64}$/i.test(id);
  const found = useAsk(() => (isId ? find(id) : Promise.reject(new InvalidInput("This is not a transaction's id: it has 64 hexadecimal digits after 0x."))), [id], true);
  return (
    <Page title="Transaction" lead={<Id value={id} what="transaction id" whole />}>
      <Shown of={found}>
        {({ status, tx, block }) =>
          status.place === "unknown" ? (
            <Note tone="warn">
              This node knows no such transaction. It may have expired, have been made for another chain, or not have arrived yet: this page looks again at
              each block.
            </Note>
          ) : status.place === "pending" || !tx || !block ? (
            <Note>It waits in the mempool for a block. This page shows it as soon as it is final.</Note>
          ) : (
            <Final tx={tx} block={block} outcome={status.outcome!} index={status.index!} />
          )
        }
      </Shown>
    </Page>
  );
}

function Final({ tx, block, outcome, index }: { tx: Tx; block: Block; outcome: Outcome; index: number }) {
  const raw = useMemo(() => JSON.stringify(tx, null, 2), [tx]);
  const memo = memoText(tx.body.memo);
  const failed = outcome.fault.number !== 0;
  const burned = BigInt(outcome.fee_burned);
  const tip = BigInt(outcome.fee_tip);
  return (
    <>
      <Card title="What it does" side={<TxState outcome={outcome} />}>
        <ol class="feed">
          {tx.body.messages.map((message, i) => (
            <li key={i}>
              <span class="words">
                <Account address={tx.body.sender} copy={false} /> {messageWords(message)}
              </span>
              <span class="feed-side">
                <Badge tone={failed && outcome.failed_message === i ? "bad" : "plain"}>{messageTitle(message)}</Badge>
              </span>
            </li>
          ))}
        </ol>
        {failed && (
          <div class="card-body">
            <Note tone="bad">
              Message {(outcome.failed_message ?? 0) + 1} failed, so none took effect; the fee was paid. {outcome.fault.help}
            </Note>
          </div>
        )}
      </Card>
      <Card title="Particulars">
        <Facts
          rows={[
            [
              "Final in block",
              <>
                <Height value={block.header.height} /> <span class="muted">at place {index + 1} of {block.txs.length}</span>
              </>,
            ],
            ["Time", <When ms={block.header.time_ms} />],
            ["Sender", <Account address={tx.body.sender} whole />],
            ["Fee", <Fog value={burned + tip} />],
            [
              "of which",
              <>
                <Fog value={burned} /> burned, <Fog value={tip} /> to the proposer
              </>,
            ],
            ["Units", <>{whole(outcome.units)} <span class="muted">at most {whole(tx.body.price_max)} droplets each, tip {whole(tx.body.tip)}</span></>],
            ["Lane and sequence", <>lane {tx.body.lane}, sequence {whole(tx.body.sequence)}</>],
            ["Would have expired", <When ms={tx.body.expiry_ms} />],
            ...(tx.body.memo !== "0x" && tx.body.memo !== "" ? ([["Memo", <span class={memo.isText ? "" : "mono"}>{memo.text}</span>]] as [string, any][]) : []),
            ["Signed by", tx.auth.policy ? <>{tx.auth.signatures.length} of {tx.auth.policy.keys.length} keys</> : <Id value={tx.auth.key} what="public key" whole />],
          ]}
        />
      </Card>
      {tx.body.messages.some((one) => one.name === "transfer" && one.body.outputs.length > 1) && (
        <Card title="Outputs">
          <Table
            caption="Outputs of the transfer"
            rows={tx.body.messages.flatMap((one) => (one.name === "transfer" ? (one.body.outputs as { to: string; amount: string }[]) : [])).map((one, i) => ({ ...one, i }))}
            rowKey={(row) => String(row.i)}
            columns={[
              { name: "To", cell: (row) => <Account address={row.to} /> },
              { name: "Amount", right: true, cell: (row) => <Fog value={row.amount} /> },
            ]}
          />
        </Card>
      )}
      <details class="card">
        <summary class="card-head">As the node has it (JSON)</summary>
        <pre tabIndex={0}>{raw}</pre>
      </details>
      <p class="muted">
        <a href={link("account", tx.body.sender)}>More of this account</a>
      </p>
    </>
  );
}
