/**
 * What can go wrong. Every error of this package is a {@link FogError}; `code` is stable, so programs
 * decide by it, and `message` is a sentence for people. Aborting a call by its signal throws the
 * signal's own reason, as everywhere on the web.
 */
export class FogError extends Error {
  override readonly name: string = 'FogError';
  /** Stable; for an error of the node the `data.error` that it sent, e.g. "not_found". */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the caller passed cannot be right. Nothing was sent. */
export class InvalidInput extends FogError {
  override readonly name = 'InvalidInput';
  constructor(message: string) {
    super('invalid_input', message);
  }
}

/** Why bytes are not the encoding of a value, or a value cannot be encoded. */
export type BcsProblem =
  | 'truncated' // the input ends inside the value
  | 'trailing' // bytes follow the value
  | 'non_minimal' // a ULEB128 number is not in its shortest form, or exceeds 32 bits
  | 'too_long' // a length exceeds the type's bound
  | 'unsorted' // map keys are not strictly ascending
  | 'bad_tag' // a bool, option, enum or variant tag out of range
  | 'bad_text' // a string is not UTF-8
  | 'bad_value'; // a value is not of its type, or out of its range

const kProblemTexts: Record<BcsProblem, string> = {
  truncated: 'the input ends inside the value',
  trailing: 'bytes follow the value',
  non_minimal: 'a ULEB128 number is not in its shortest form',
  too_long: 'a length exceeds its bound',
  unsorted: 'map keys are not strictly ascending',
  bad_tag: 'a tag is out of range',
  bad_text: 'text is not UTF-8',
  bad_value: 'a value is out of its range',
};

/** Encoding or decoding failed; `path` says where, e.g. "terms.resources.cpu_milli". */
export class BcsError extends FogError {
  override readonly name = 'BcsError';
  readonly problem: BcsProblem;
  path = '';
  readonly #what: string;

  constructor(problem: BcsProblem, what: string = kProblemTexts[problem]) {
    super('malformed', what);
    this.problem = problem;
    this.#what = what;
  }

  /** The same error, seen from one level further out. */
  within(step: string | number): this {
    const name = typeof step === 'number' ? `[${step}]` : step;
    this.path = this.path === '' ? name : this.path.startsWith('[') ? name + this.path : `${name}.${this.path}`;
    this.message = `${this.path}: ${this.#what}`;
    return this;
  }
}
