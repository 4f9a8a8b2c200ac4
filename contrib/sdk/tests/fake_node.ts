/** A node in memory that takes transactions, for tests of sending: it can lose answers, transactions and time. */
import * as sdk from '@fogcoin/sdk';

export class FakeNode {
  readonly chainId = sdk.toHex(sdk.sha256(sdk.utf8('a fake node')));
  readonly taken: sdk.SignedTx[] = [];
  balance = 1_000n * sdk.kDropletsPerFog;
  /** By lane, the next sequence of the account. */
  readonly lanes = new Map<number, bigint>();
  /** By id: pending ones are included when somebody waits for them. */
  readonly pending = new Map<string, sdk.SignedTx>();
  readonly final = new Map<string, { height: bigint; fault: { number: number; name: string; help?: string } }>();
  height = 1n;
  timeMs = 1n;
  /** What becomes of the next submissions, in order. */
  readonly submitted: ('lost answer' | 'lost' | 'unreachable' | { fault: string })[] = [];
  /** Whether waiting includes what is pending. */
  makesBlocks = true;
  fault = { number: 0, name: 'none' } as { number: number; name: string; help?: string };

  readonly client = new sdk.Client({
    send: async (request) => {
      if (Array.isArray(request)) return Promise.all(request.map((one) => this.answer(one)));
      return this.answer(request);
    },
  }, { retries: 0 });

  async answer({ id, method, params }: sdk.Request): Promise<unknown> {
    try {
      return { id, jsonrpc: '2.0', result: sdk.toJson(this.run(method, params as Record<string, any>)) };
    } catch (error) {
      if (error instanceof Refusal) return { id, error: error.json };
      throw error;
    }
  }

  run(method: string, params: Record<string, any>): unknown {
    switch (method) {
      case 'chain_status': return { chain_id: this.chainId, time_ms: this.timeMs, base_price: 10n, height: this.height };
      case 'account_get': return { exists: true, balance: this.balance, lanes: [...this.lanes].map(([lane, next]) => ({ lane, next })) };
      case 'tx_submit': return this.submit(params['txs']);
      case 'tx_wait': {
        if (this.makesBlocks) this.makeBlock();
        return this.place(params['id']);
      }
      case 'tx_get': return this.place(params['id']);
      default: throw new Error(method);
    }
  }

  submit(encoded: sdk.Hex): unknown {
    const fate = this.submitted.shift();
    if (fate === 'unreachable') throw new sdk.TransportError('nobody there');
    const tx = sdk.SignedTx.decode(encoded);
    const id = sdk.txId(tx.body);
    if (typeof fate === 'object') throw new Refusal(fate.fault);
    const ahead = [...this.pending.values()].filter(({ body }) => body.lane === tx.body.lane).length;
    const expected = (this.lanes.get(tx.body.lane) ?? 0n) + BigInt(ahead);
    if (!this.pending.has(id)) {
      if (tx.body.sequence < expected) throw new Refusal('sequence_too_low');
      if (tx.body.sequence > expected) throw new Refusal('sequence_gap');
      this.taken.push(tx);
      if (fate !== 'lost') this.pending.set(id, tx);
    }
    if (fate === 'lost answer') throw new sdk.TransportError('the connection broke');
    return { id, fault: { number: 0, name: 'none' } };
  }

  makeBlock(): void {
    ++this.height;
    for (const [id, { body }] of this.pending) {
      this.lanes.set(body.lane, body.sequence + 1n);
      this.final.set(id, { height: this.height, fault: this.fault });
    }
    this.pending.clear();
  }

  place(id: string): unknown {
    const final = this.final.get(id);
    if (!final) return { place: this.pending.has(id) ? 'pending' : 'unknown' };
    return { place: 'final', height: final.height, index: 0, outcome: { fault: final.fault, units: 1n, fee_burned: 7n, fee_tip: 1n } };
  }
}

class Refusal extends Error {
  readonly json: unknown;
  constructor(fault: string) {
    super(fault);
    this.json = { code: -32002, message: fault, data: { error: 'rejected', fault: { number: 1, name: fault } } };
  }
}
