// The wallet's page: balance, send, receive, what was sent, safekeeping.
import { useState } from "preact/hooks";
import { batch, or, rpc } from "../node/rpc.ts";
import type { StakeView, TxStatus } from "../node/types.ts";
import { useAsk } from "../ui/hooks.ts";
import { Age, Badge, Button, Card, Empty, Fog, Height, Id, Note, Page, Stat, Stats, Table, TxLink } from "../ui/parts.tsx";
import { link } from "../router.ts";
import { isAddress } from "../pages/people.tsx";
import { addAccount, backupText, isSafePlace, lock } from "../wallet/keys.ts";
import { useConfirm } from "../wallet/confirm.tsx";
import { sentFromHere } from "../wallet/send.ts";
import { useWallet, wallet } from "../wallet/state.ts";
import { Welcome } from "./wallet_make.tsx";
import { Receive, SendForm } from "./wallet_send.tsx";
import { ChangePassphrase, Forget, Rename, ShowWords, Unlock } from "./wallet_keep.tsx";

export function WalletPage({ query }: { query: URLSearchParams }) {
  const state = useWallet();
  if (!isSafePlace()) {
    return (
      <Page title="Wallet">
        <Note tone="warn">
          This page came over a connection that others could have changed on the way, so no wallet is kept here. Open the node on its own computer (
          <code>http://127.0.0.1</code>), through an SSH tunnel, or behind a proxy with HTTPS.
        </Note>
      </Page>
    );
  }
  return state.account ? <Own to={query.get("to") ?? ""} /> : <Welcome />;
}

function Own({ to }: { to: string }) {
  const state = useWallet();
  const account = state.account!;
  const [open, setOpen] = useState<"" | "send" | "receive" | "unlock" | "words" | "passphrase" | "forget" | "rename">(isAddress(to) ? "send" : "");
  const { ask, dialog } = useConfirm();
  const stake = useAsk(() => rpc<StakeView>("staking_stake", { delegator: account.address }), [account.address], true).data;
  const staked = stake?.delegations.reduce((sum, one) => sum + BigInt(one.amount), 0n);
  const rewards = stake?.delegations.reduce((sum, one) => sum + BigInt(one.rewards), 0n);
  const leaving = stake?.unbonding.reduce((sum, one) => sum + BigInt(one.amount), 0n);
  const close = () => {
    setOpen("");
    if (to) history.replaceState(null, "", "#/wallet");
  };
  return (
    <Page
      title="Wallet"
      actions={
        <>
          {state.vault!.accounts.length > 1 && (
            <select
              class="button"
              aria-label="Account"
              value={String(state.vault!.accounts.indexOf(account))}
              onChange={(event) => wallet.choose(Number(event.currentTarget.value))}
            >
              {state.vault!.accounts.map((one, i) => (
                <option key={one.address} value={String(i)}>
                  {one.label}
                </option>
              ))}
            </select>
          )}
          {state.unlocked ? (
            <Button icon="lock" onClick={lock}>
              Lock
            </Button>
          ) : (
            <Button icon="lock" onClick={() => setOpen("unlock")}>
              Unlock
            </Button>
          )}
        </>
      }
    >
      <Card>
        <div class="card-body">
          <div>
            <p class="muted">
              {account.label} <Badge tone={state.unlocked ? "good" : "plain"}>{state.unlocked ? "unlocked" : "locked"}</Badge>
            </p>
            <p class="balance" data-balance={String(state.balance ?? "")}>
              {state.balance === null ? "…" : <Fog value={state.balance} />}
            </p>
            <Id value={account.address} to={link("account", account.address)} what="address" whole />
          </div>
          <div class="buttons">
            <Button tone="main" icon="send" onClick={() => setOpen("send")}>
              Send
            </Button>
            <Button icon="receive" onClick={() => setOpen("receive")}>
              Receive
            </Button>
            <a class="button" href="#/stake">
              Stake
            </a>
            <a class="button" href="#/deployments">
              Deployments
            </a>
          </div>
        </div>
      </Card>
      <Stats>
        <Stat label="In stake" sub={leaving ? <><Fog value={leaving} /> on its way out</> : " "}>
          {staked === undefined ? "…" : <Fog value={staked} />}
        </Stat>
        <Stat label="Rewards to collect">{rewards === undefined ? "…" : <Fog value={rewards} />}</Stat>
        <Stat label="Accounts of this wallet">{state.vault!.accounts.length}</Stat>
      </Stats>
      <SentList address={account.address} />
      <Card title="Keep it safe">
        <div class="card-body">
          <p class="muted">
            The words bring everything back on any computer, here or with <code>fogcoin wallet restore</code>. The backup file also holds labels and needs the passphrase.
          </p>
          <div class="buttons">
            <Button onClick={() => setOpen("words")}>Show the words</Button>
            <Button onClick={download}>Save a backup file</Button>
            <Button onClick={() => setOpen("passphrase")}>Change the passphrase</Button>
            <Button onClick={() => (state.unlocked ? addAccount() : setOpen("unlock"))}>Add an account</Button>
            <Button onClick={() => setOpen("rename")}>Rename this account</Button>
            <Button tone="danger" onClick={() => setOpen("forget")}>
              Remove from this browser
            </Button>
          </div>
        </div>
      </Card>
      {open === "send" && (
        <SendForm
          to={to}
          close={close}
          send={(wish) => {
            close();
            ask(wish);
          }}
        />
      )}
      {open === "receive" && <Receive address={account.address} close={close} />}
      {open === "unlock" && <Unlock close={close} />}
      {open === "words" && <ShowWords close={close} />}
      {open === "passphrase" && <ChangePassphrase close={close} />}
      {open === "forget" && <Forget close={close} />}
      {open === "rename" && <Rename close={close} />}
      {dialog}
    </Page>
  );
}

function download() {
  const place = URL.createObjectURL(new Blob([backupText()], { type: "application/json" }));
  const anchor = document.createElement("a");
  anchor.href = place;
  anchor.download = "fogcoin-wallet-backup.json";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(place), 10_000);
}

function SentList({ address }: { address: string }) {
  const list = sentFromHere().filter((one) => one.account === address).slice(0, 12);
  const found = useAsk(
    async () => {
      const answers = await batch<TxStatus>(list.map((one) => ["tx_get", { id: one.id }]));
      return list.map((one, i) => ({ ...one, status: or<TxStatus | null>(answers[i]!, null) }));
    },
    [list.map((one) => one.id)],
    true,
  );
  const rows = found.data ?? [];
  return (
    <Card title="Sent from this browser" side={<a href={link("account", address)}>All that the chain knows of this account</a>}>
      {rows.length === 0 ? (
        <Empty>Nothing yet.</Empty>
      ) : (
        <Table
          caption="Transactions sent from this browser"
          rows={rows}
          rowKey={(row) => row.id}
          columns={[
            { name: "Transaction", cell: (row) => <TxLink id={row.id} copy /> },
            { name: "Sent", cell: (row) => <Age ms={row.ms} /> },
            { name: "Block", cell: (row) => (row.status?.place === "final" ? <Height value={row.status.height!} /> : "–") },
            {
              name: "State",
              cell: (row) =>
                row.status?.place === "final" ? (
                  row.status.outcome!.fault.number === 0 ? (
                    <Badge tone="good">final</Badge>
                  ) : (
                    <Badge tone="bad">failed</Badge>
                  )
                ) : row.status?.place === "pending" ? (
                  <Badge tone="info">waits for a block</Badge>
                ) : (
                  <Badge tone="warn">unknown to the node</Badge>
                ),
            },
          ]}
        />
      )}
    </Card>
  );
}
