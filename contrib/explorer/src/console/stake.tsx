// Delegate, move, take back, collect.
import { useEffect, useState } from "preact/hooks";
import { link } from "../router.ts";
import { batch, FogError, or } from "../node/rpc.ts";
import type { Params, StakeView, ValidatorView } from "../node/types.ts";
import { fog, parseFog, short, span } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Badge, Button, Card, Choice, Dialog, Fog, Id, Note, Page, Shown, Stat, Stats, Table, Text, When } from "../ui/parts.tsx";
import { ValidatorState } from "../pages/people.tsx";
import { useConfirm } from "../wallet/confirm.tsx";
import { useWallet } from "../wallet/state.ts";
import { NeedsWallet } from "./needs_wallet.tsx";

type Form = { is: "delegate" | "undelegate"; validator: string } | { is: "redelegate"; validator: string };

async function read(address: string) {
  const [validators, stake, params] = await batch<any>([["staking_validators"], ["staking_stake", { delegator: address }], ["params_get"]]);
  if (validators instanceof FogError) throw validators;
  return { validators: validators.items as ValidatorView[], stake: or<StakeView>(stake, { delegations: [], unbonding: [], redelegations: [] }), params: or<Params | null>(params, null) };
}

export function StakePage({ query }: { query: URLSearchParams }) {
  return (
    <Page title="Stake" lead="FOG behind a validator earns a share of what it earns. Nothing is handed over; taking it back takes the unbonding time, and stake behind a validator that votes against itself is cut.">
      <NeedsWallet why="Delegating is a transaction, so it needs an account of yours to sign it.">{(account) => <Own address={account.address} wanted={query.get("validator") ?? ""} />}</NeedsWallet>
    </Page>
  );
}

function Own({ address, wanted }: { address: string; wanted: string }) {
  const wallet = useWallet();
  const found = useAsk(() => read(address), [address], true);
  const [form, setForm] = useState<Form | null>(null);
  const [amount, setAmount] = useState("");
  const [other, setOther] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const { ask, dialog } = useConfirm();
  const open = (next: Form) => {
    setWrong(null);
    setAmount("");
    setOther("");
    setForm(next);
  };
  useEffect(() => {
    if (wanted) open({ is: "delegate", validator: wanted });
  }, [wanted]);

  const submit = (stake: StakeView, unbonding: string) => {
    const at = form!;
    const value = parseFog(amount);
    if (typeof value === "string") return setWrong(value);
    if (value === 0n) return setWrong("Write how much");
    const here = BigInt(stake.delegations.find((one) => one.validator === at.validator)?.amount ?? 0);
    if (at.is !== "delegate" && value > here) return setWrong(`You have ${fog(here)} there`);
    if (at.is === "redelegate" && !other) return setWrong("Choose where it goes");
    const all = value === here;
    setForm(null);
    if (at.is === "delegate") {
      ask(
        {
          title: "Delegate",
          orders: [{ name: "delegate", body: { validator: at.validator, amount: String(value) } }],
          effects: [
            <>
              <Fog value={value} /> go from your account into stake behind validator <span class="mono">{short(at.validator)}</span>
            </>,
            "they vote from the epoch after the next on, and earn from then",
            `taking them back takes ${unbonding} after the epoch in which they may last vote`,
            "if the validator votes twice for different blocks, 5 % of all stake behind it is lost",
            ...(here > 0n ? ["rewards that wait there are paid out to you as well"] : []),
          ],
          spends: value,
        },
        found.again,
      );
    } else if (at.is === "undelegate") {
      ask(
        {
          title: "Take stake back",
          orders: [{ name: "undelegate", body: { validator: at.validator, amount: all ? null : String(value) } }],
          effects: [
            <>
              <Fog value={value} /> leave validator <span class="mono">{short(at.validator)}</span>
            </>,
            `they are free ${unbonding} after the end of the last epoch in which they may vote, and stay liable until then`,
            "rewards that wait there are paid out to you",
          ],
          spends: 0n,
        },
        found.again,
      );
    } else {
      ask(
        {
          title: "Move stake",
          orders: [{ name: "redelegate", body: { from: at.validator, to: other, amount: all ? null : String(value) } }],
          effects: [
            <>
              <Fog value={value} /> move from validator <span class="mono">{short(at.validator)}</span> to <span class="mono">{short(other)}</span>
            </>,
            `they stay liable for what the first did while they were there, for ${unbonding}, and cannot be moved on until then`,
            "rewards that wait there are paid out to you",
          ],
          spends: 0n,
        },
        found.again,
      );
    }
  };
  const withdraw = (stake: StakeView) => {
    const due = stake.delegations.filter((one) => one.rewards !== "0").slice(0, 64);
    const sum = due.reduce((total, one) => total + BigInt(one.rewards), 0n);
    ask(
      {
        title: "Collect rewards",
        orders: due.map((one) => ({ name: "withdraw_rewards", body: { validator: one.validator } })),
        effects: [
          <>
            <Fog value={sum} /> of rewards come to your account
          </>,
        ],
        spends: 0n,
      },
      found.again,
    );
  };

  return (
    <>
      <Shown of={found}>
        {({ validators, stake, params }) => {
          const staked = stake.delegations.reduce((sum, one) => sum + BigInt(one.amount), 0n);
          const rewards = stake.delegations.reduce((sum, one) => sum + BigInt(one.rewards), 0n);
          const unbonding = params ? span(Number(params.staking.unbonding_ms)) : "the unbonding time";
          const names = validators.filter((one) => !one.record.tombstoned && one.record.key !== form?.validator);
          return (
            <>
              <Stats>
                <Stat label="Balance">{wallet.balance === null ? "…" : <Fog value={wallet.balance} />}</Stat>
                <Stat label="In stake">
                  <Fog value={staked} />
                </Stat>
                <Stat label="Rewards to collect">
                  <Fog value={rewards} />
                </Stat>
                <Stat label="Unbonding takes">{unbonding}</Stat>
              </Stats>
              <Card
                title="Your stake"
                side={
                  rewards > 0n && (
                    <Button small tone="main" onClick={() => withdraw(stake)}>
                      Collect rewards
                    </Button>
                  )
                }
              >
                <Table
                  caption="Your delegations"
                  rows={stake.delegations}
                  rowKey={(row) => row.validator}
                  empty="You have no FOG in stake yet: choose a validator below."
                  columns={[
                    { name: "Validator", cell: (row) => <Id value={row.validator} to={link("validator", row.validator)} what="validator key" /> },
                    { name: "Stake", right: true, cell: (row) => <Fog value={row.amount} /> },
                    { name: "Rewards", right: true, cell: (row) => <Fog value={row.rewards} /> },
                    {
                      name: "Change",
                      right: true,
                      cell: (row) => (
                        <span class="actions">
                          <Button small onClick={() => open({ is: "delegate", validator: row.validator })}>
                            Add
                          </Button>
                          <Button small onClick={() => open({ is: "redelegate", validator: row.validator })}>
                            Move
                          </Button>
                          <Button small onClick={() => open({ is: "undelegate", validator: row.validator })}>
                            Take back
                          </Button>
                        </span>
                      ),
                    },
                  ]}
                />
              </Card>
              {stake.unbonding.length > 0 && (
                <Card title="On its way out">
                  <Table
                    caption="Stake on its way out"
                    rows={stake.unbonding}
                    rowKey={(row) => row.validator + row.last_epoch}
                    columns={[
                      { name: "Validator", cell: (row) => <Id value={row.validator} to={link("validator", row.validator)} what="validator key" /> },
                      { name: "Amount", right: true, cell: (row) => <Fog value={row.amount} /> },
                      { name: "Free", cell: (row) => (row.free_ms ? <When ms={row.free_ms} /> : <span class="muted">known when epoch {row.last_epoch} has ended</span>) },
                    ]}
                  />
                </Card>
              )}
              <Card title="Validators">
                <Table
                  caption="Validators to delegate to"
                  rows={validators.filter((one) => !one.record.tombstoned)}
                  rowKey={(row) => row.record.key}
                  sort={["Stake", true]}
                  columns={[
                    { name: "Validator", cell: (row) => <Id value={row.record.key} to={link("validator", row.record.key)} what="validator key" copy={false} /> },
                    { name: "State", cell: (row) => <ValidatorState view={row} /> },
                    { name: "Stake", right: true, by: (row) => BigInt(row.record.stake), cell: (row) => <Fog value={row.record.stake} /> },
                    { name: "Its owner's own", right: true, by: (row) => BigInt(row.owner_stake), cell: (row) => <Fog value={row.owner_stake} /> },
                    { name: "Commission", right: true, by: (row) => row.record.commission.rate, cell: (row) => row.record.commission.rate / 100 + " %" },
                    { name: "Yours", cell: (row) => (stake.delegations.some((one) => one.validator === row.record.key) ? <Badge tone="info">yours</Badge> : "–") },
                    {
                      name: "Delegate",
                      right: true,
                      cell: (row) => (
                        <Button small onClick={() => open({ is: "delegate", validator: row.record.key })}>
                          Delegate
                        </Button>
                      ),
                    },
                  ]}
                />
              </Card>
              {form && (
                <Dialog title={{ delegate: "Delegate", undelegate: "Take stake back", redelegate: "Move stake" }[form.is]} close={() => setForm(null)}>
                  <form class="form" onSubmit={(event) => (event.preventDefault(), submit(stake, unbonding))}>
                    <p>
                      Validator <Id value={form.validator} what="validator key" copy={false} />
                    </p>
                    {form.is === "delegate" && !validators.some((one) => one.record.key === form.validator) && <Note tone="bad">There is no such validator.</Note>}
                    {form.is === "redelegate" && (
                      <Choice
                        label="To"
                        id="stake-other"
                        value={other}
                        set={setOther}
                        options={[["", "Choose a validator"], ...names.map((one) => [one.record.key, `${short(one.record.key)}, ${one.record.commission.rate / 100} % commission`] as [string, string])]}
                      />
                    )}
                    <Text
                      label="Amount"
                      id="stake-amount"
                      unit="FOG"
                      value={amount}
                      set={setAmount}
                      error={wrong}
                      help={
                        form.is === "delegate"
                          ? wallet.balance === null
                            ? undefined
                            : `Your account holds ${fog(wallet.balance)}`
                          : `You have ${fog(stake.delegations.find((one) => one.validator === form.validator)?.amount ?? "0")} there`
                      }
                    />
                    <div class="buttons">
                      <Button tone="main" type="submit">
                        Continue
                      </Button>
                      <Button onClick={() => setForm(null)}>Cancel</Button>
                    </div>
                  </form>
                </Dialog>
              )}
            </>
          );
        }}
      </Shown>
      {dialog}
    </>
  );
}
