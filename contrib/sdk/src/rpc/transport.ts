/** How calls reach a node. Over HTTP here; a connection that stays open can take its place. */
import { InvalidInput } from '../base/errors.js';
import { ProtocolError, TimedOut, TransportError } from './errors.js';

/** One call as JSON-RPC 2.0 has it. */
export interface Request {
  jsonrpc: '2.0';
  id: number;
  method: string;
  params: unknown;
}

export interface TransportOptions {
  /** Ends the call early, with the signal's own reason. */
  signal?: AbortSignal;
  timeoutMs: number;
}

export interface Transport {
  /**
   * Sends a call or a batch and gives the answer, parsed JSON that nobody has looked at yet. Throws
   * TransportError, TimedOut, ProtocolError, or the signal's reason.
   */
  send(request: Request | Request[], options: TransportOptions): Promise<unknown>;
}

export interface HttpOptions {
  /** The operator's bearer token. */
  token?: string;
  /** An answer beyond this many bytes is refused while it arrives. Default 64 MiB. */
  answerBytesMax?: number;
  /** Default: the environment's. */
  fetch?: typeof fetch;
}

/** JSON-RPC over HTTP POST. */
export class HttpTransport implements Transport {
  readonly url: string;
  readonly #options: HttpOptions;

  /** Throws {@link InvalidInput} unless the URL is http or https. */
  constructor(url: string | URL, options: HttpOptions = {}) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !/^https?:$/.test(parsed.protocol)) {
      throw new InvalidInput(`"${url}" is no node's address: expected e.g. http://127.0.0.1:7780`);
    }
    this.url = parsed.href;
    this.#options = options;
  }

  async send(request: Request | Request[], { signal, timeoutMs }: TransportOptions): Promise<unknown> {
    signal?.throwIfAborted();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeoutMs);
    const stop = (): void => limit.abort();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await this.#exchange(JSON.stringify(request), limit.signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (limit.signal.aborted) throw new TimedOut(`${this.url} did not answer within ${timeoutMs} ms`);
      if (error instanceof TypeError) {
        throw new TransportError(`${this.url} was not reached: ${reasonOf(error)}`, { cause: error });
      }
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  async #exchange(body: string, signal: AbortSignal): Promise<unknown> {
    const { token, fetch: fetcher = globalThis.fetch } = this.#options;
    const response = await fetcher(this.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body,
      signal,
      redirect: 'error',
      credentials: 'omit',
    });
    const answer = await this.#read(response);
    if (response.status === 503) throw new TransportError(`${this.url} is busy: ${answer.slice(0, 200)}`);
    if (response.status !== 200) {
      throw new ProtocolError(`${this.url} answered HTTP ${response.status}: ${answer.slice(0, 200)}`);
    }
    try {
      return JSON.parse(answer);
    } catch {
      throw new ProtocolError(`${this.url} answered what is not JSON: is it a FogCoin node?`);
    }
  }

  async #read(response: Response): Promise<string> {
    const max = this.#options.answerBytesMax ?? 64 * 1024 * 1024;
    if (!response.body) return '';
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let size = 0;
    let out = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return out + decoder.decode();
      size += value.length;
      if (size > max) {
        await reader.cancel();
        throw new ProtocolError(`${this.url} answered more than ${max} bytes; ask for less`);
      }
      out += decoder.decode(value, { stream: true });
    }
  }
}

/** Node hides the reason in the cause. */
function reasonOf(error: TypeError): string {
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  return code ?? message ?? error.message;
}
