import { go, link } from "../router.ts";
import { batch, FogError, InvalidInput, isNotFound, rpc } from "../node/rpc.ts";
import type { Block, EpochView } from "../node/types.ts";
import { percent, whole } from "../ui/format.ts";
import { useAsk, useLive } from "../ui/hooks.ts";
import { Age, Badge, Button, Card, Facts, Fog, Height, Id, Loading, Meter, Note, Page, Shown, Table, When } from "../ui/parts.tsx";
import { Icon } from "../ui/icons.tsx";
import { TxTable } from "./tx.tsx";

const pageSize = 25;

function feesOf(block: Block) {
  return block.outcomes.reduce((sum, one) => sum + BigInt(one.fee_burned) + BigInt(one.fee_tip), 0n);
}

function BlockTable({ blocks, fresh }: { blocks: Block[]; fresh?: boolean }) {
  return (
    <Table
      caption="Blocks, the newest first"
      rows={blocks}
      rowKey={(block) => block.header.height}
      empty={fresh ? "No block is final yet." : "There are no blocks here."}
      columns={[
        { name: "Height", cell: (block) => <Height value={block.header.height} /> },
        { name: "Age", cell: (block) => <Age ms={block.header.time_ms} /> },
        { name: "Transactions", right: true, cell: (block) => whole(block.txs.length) },
        { name: "Units", right: true, cell: (block) => whole(block.outcomes.reduce((sum, one) => sum + Number(one.units), 0)) },
        { name: "Fees", right: true, cell: (block) => <Fog value={feesOf(block)} /> },
        {
          name: "Proposer",
          cell: (block) => <Id value={block.header.proposer} to={link("validator", block.header.proposer)} what="validator key" copy={false} />,
        },
        { name: "Block id", cell: (block) => <Id value={block.id} to={link("block", block.header.height)} what="block id" /> },
      ]}
    />
  );
}

export function BlocksPage({ query }: { query: URLSearchParams }) {
  const live = useLive();
  const asked = Number(query.get("from") ?? 0);
  const from = Number.isSafeInteger(asked) && asked > 0 ? asked : 0;
  const older = useAsk(
    async () => {
      if (!from) return [];
      const heights = Array.from({ length: pageSize }, (_, i) => from - i).filter((height) => height > 0);
      const answers = await batch<Block>(heights.map((height) => ["chain_block", { height: String(height), decode: true }]));
      return answers.filter((one): one is Block => !(one instanceof FogError));
    },
    [from],
  );
  const newest = Number(live.status?.height ?? 0);
  const shownFrom = from || newest;
  const turn = (to: number) => go("#/blocks" + (to > 0 && to < newest ? "?from=" + to : ""));
  return (
    <Page
      title="Blocks"
      lead={from ? "Older blocks stand still; the newest page follows the chain." : "Each block here is final: it cannot be undone. New ones appear by themselves."}
      actions={
        <>
          {from > 0 && (
            <Button onClick={() => turn(from + pageSize)} small>
              <Icon name="left" size={15} /> Newer
            </Button>
          )}
          {shownFrom > pageSize && (
            <Button onClick={() => turn(shownFrom - pageSize)} small>
              Older <Icon name="right" size={15} />
            </Button>
          )}
        </>
      }
    >
      <Card>{from ? <Shown of={older}>{(blocks) => <BlockTable blocks={blocks} />}</Shown> : live.blocks.length ? <BlockTable blocks={live.blocks.slice(0, pageSize)} fresh /> : <Loading rows={10} />}</Card>
    </Page>
  );
}

export function BlockPage({ path }: { path: string[] }) {
  const live = useLive();
  const height = path[1] ?? "";
  const isHeight = /^\d{1,19}$/.test(height);
  const found = useAsk(
    () =>
      isHeight
        ? rpc<Block>("chain_block", { height, decode: true })
        : Promise.reject(new InvalidInput("A block is named by its height, a whole number.")),
    [height],
  );
  const newest = Number(live.status?.height ?? 0);
  const at = Number(height);
  return (
    <Page
      kind="Block"
      title={isHeight ? whole(height) : height}
      actions={
        isHeight && (
          <>
            {at > 1 && (
              <a class="button small" href={link("block", at - 1)}>
                <Icon name="left" size={15} /> {whole(at - 1)}
              </a>
            )}
            {at < newest && (
              <a class="button small" href={link("block", at + 1)}>
                {whole(at + 1)} <Icon name="right" size={15} />
              </a>
            )}
          </>
        )
      }
    >
      {isNotFound(found.error) && at > newest ? (
        <Note>
          This height is not reached yet; the chain is at <Height value={newest} />.
        </Note>
      ) : (
        <Shown of={found}>{(block) => <BlockBody block={block} />}</Shown>
      )}
    </Page>
  );
}

function BlockBody({ block }: { block: Block }) {
  const epoch = useAsk(() => rpc<EpochView>("staking_epoch"), []).data;
  const signatures = block.certificate?.signatures.length ?? 0;
  const signers = epoch && epoch.epoch.epoch === block.header.epoch ? epoch.set.validators : null;
  const signed = signers ? block.certificate?.signatures.reduce((sum, one) => sum + BigInt(signers[one.index]?.stake ?? 0), 0n) : undefined;
  const total = signers?.reduce((sum, one) => sum + BigInt(one.stake), 0n);
  return (
    <>
      <Card title="Particulars" side={<Badge tone="good">final</Badge>}>
        <Facts
          rows={[
            ["Block id", <Id value={block.id} what="block id" whole />],
            ["Time", <When ms={block.header.time_ms} />],
            ["Proposer", <Id value={block.header.proposer} to={link("validator", block.header.proposer)} what="validator key" whole />],
            ["Epoch", whole(block.header.epoch)],
            ["Transactions", whole(block.txs.length)],
            ["Fees", <Fog value={feesOf(block)} />],
            [
              "Carries the certificate",
              block.certificate ? (
                <>
                  {signatures} signatures to {block.certificate.vote.kind} its parent, view {whole(block.certificate.vote.view)}
                  {signed !== undefined && total ? (
                    <>
                      : {percent(Number(signed), Number(total))} of the stake
                      <Meter part={Number(signed)} total={Number(total)} label="Stake that signed" />
                    </>
                  ) : null}
                </>
              ) : (
                "none: it is the first"
              ),
            ],
            ["Parent", Number(block.header.height) > 1 ? <Id value={block.header.parent} to={link("block", Number(block.header.height) - 1)} what="block id" whole /> : <Id value={block.header.parent} what="block id" whole />],
            ["State root before it", <Id value={block.header.app_hash} what="state root" whole />],
            ["Transaction root", <Id value={block.header.tx_root} what="transaction root" whole />],
          ]}
        />
      </Card>
      <Card title={"Transactions"}>
        <TxTable caption="Transactions of the block" empty="This block carries no transactions." items={block.txs.map((tx, i) => ({ tx, outcome: block.outcomes[i]!, block }))} />
      </Card>
    </>
  );
}
