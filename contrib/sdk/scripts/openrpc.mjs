// Turns a node's OpenRPC document into the TypeScript of src/rpc/generated.ts: the types of parameters and
// results, and the shapes by which 64-bit numbers become bigint. Types that also have a codec are taken from
// there; the others become interfaces by their titles.
import * as sdk from '../dist/index.js';

const kLine = 120;
// Decoding is the client's: readTx gives typed messages.
const kOmittedParams = { chain_block: ['decode'] };

const codecs = new Map(Object.entries(sdk)
  .filter(([, value]) => value instanceof sdk.bcs.Codec && Array.isArray(value.fields))
  .map(([name, codec]) => [name, codec.fields]));

function same(a, b) {
  return a.length === b.length && [...a].sort().join() === [...b].sort().join();
}

class Writer {
  interfaces = new Map();  // title -> text
  shapes = new Map();      // title -> text or null
  imports = new Set();

  isNamed(schema) {
    return schema.type === 'object' && schema.properties && /^[A-Z]\w+$/.test(schema.title ?? '');
  }

  // ---- types ----

  type(schema, indent) {
    if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => this.type(one, indent)))].join(' | ');
    if (schema.enum) return schema.enum.map((name) => `'${name}'`).join(' | ');
    switch (schema.type) {
      case 'null': return 'null';
      case 'boolean': return 'boolean';
      case 'integer': return 'number';
      case 'string': return this.text(schema);
      case 'array': return this.array(schema, indent);
      case 'object': return this.object(schema, indent);
    }
    throw new Error(`no type for ${JSON.stringify(schema)}`);
  }

  text(schema) {
    if (this.isU64(schema)) return 'bigint';
    if (schema.title === 'address') return this.imported('Address');
    if (schema.title === 'bytes') return this.imported('Hex');
    return 'string';
  }

  isU64(schema) {
    return schema.title === '64-bit number' || schema.title === 'amount in droplets';
  }

  array(schema, indent) {
    if (!schema.items) return 'unknown[]';
    const item = this.type(schema.items, indent);
    return /[|]/.test(item) ? `(${item})[]` : `${item}[]`;
  }

  imported(name) {
    this.imports.add(name);
    return name;
  }

  object(schema, indent) {
    if (schema.additionalProperties) return `Record<string, ${this.type(schema.additionalProperties, indent)}>`;
    if (!schema.properties) return 'Record<string, unknown>';
    if (!this.isNamed(schema)) return this.members(schema, indent);
    const { title } = schema;
    if (title === 'SignedTx') return this.decodedTx();
    if (codecs.has(title) && same(codecs.get(title), Object.keys(schema.properties))) return this.imported(title);
    if (!this.interfaces.has(title)) {
      this.interfaces.set(title, '');  // against recursion
      this.interfaces.set(title, `export interface ${title} ${this.members(schema, '')}\n`);
    }
    return title;
  }

  /** A node decodes the messages whose kind it knows. */
  decodedTx() {
    const tx = this.imported('SignedTx');
    const message = `{ kind: number; name?: string; body?: Record<string, unknown>; payload?: ${this.imported('Hex')} }`;
    return `Omit<${tx}, 'body'> & { body: Omit<${tx}['body'], 'messages'> & { messages: ${message}[] } }`;
  }

  members(schema, indent) {
    const inner = `${indent}  `;
    const lines = Object.entries(schema.properties).map(([name, member]) => {
      const optional = schema.required?.includes(name) ? '' : '?';
      return `${inner}${name}${optional}: ${this.type(member, inner)};\n`;
    });
    return `{\n${lines.join('')}${indent}}`;
  }

  // ---- shapes ----

  /** Text of a shape, or null where there is no 64-bit number. */
  shape(schema) {
    if (schema.anyOf) {
      const found = schema.anyOf.map((one) => this.shape(one)).filter((one) => one !== null);
      return found[0] ?? null;
    }
    if (schema.type === 'string') return this.isU64(schema) ? "'u64'" : null;
    if (schema.type === 'array') return this.each(schema.items);
    if (schema.type !== 'object') return null;
    if (schema.additionalProperties) return this.each(schema.additionalProperties);
    if (!schema.properties) return null;
    if (!this.isNamed(schema)) return this.memberShapes(schema);
    if (!this.shapes.has(schema.title)) this.shapes.set(schema.title, this.memberShapes(schema));
    return this.shapes.get(schema.title) === null ? null : `k${schema.title}`;
  }

  each(schema) {
    const inner = schema ? this.shape(schema) : null;
    return inner === null ? null : `{ each: ${inner} }`;
  }

  memberShapes(schema) {
    const members = Object.entries(schema.properties)
      .map(([name, member]) => [name, this.shape(member)])
      .filter(([, shape]) => shape !== null)
      .map(([name, shape]) => `${name}: ${shape}`);
    return members.length === 0 ? null : `{ ${members.join(', ')} }`;
  }
}

/** Doc comments in lines of bounded length. */
function comment(text, indent) {
  const words = text.replaceAll('*/', '*\\/').split(/\s+/);
  const lines = [''];
  for (const word of words) {
    if ((lines.at(-1) + word).length > kLine - indent.length - 5) lines.push('');
    lines.push(`${lines.pop()}${word} `);
  }
  const trimmed = lines.map((line) => line.trimEnd());
  if (trimmed.length === 1) return `${indent}/** ${trimmed[0]} */\n`;
  return `${indent}/**\n${trimmed.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function params(writer, method) {
  const kept = method.params.filter(({ name }) => !kOmittedParams[method.name]?.includes(name));
  if (kept.length === 0) return 'Record<string, never>';
  const lines = kept.map(({ name, required, schema, summary }) => {
    const type = writer.type(schema, '      ').replaceAll('bigint', 'bigint | number');
    return `${comment(summary, '      ')}      ${name}${required ? '' : '?'}: ${type}${required ? '' : ' | undefined'};\n`;
  });
  return `{\n${lines.join('')}    }`;
}

/** The text of src/rpc/generated.ts. */
export function generate(document) {
  const writer = new Writer();
  const methods = document.methods.map((method) => {
    const result = writer.type(method.result.schema, '    ');
    return `${comment(method.summary, '  ')}  ${method.name}: {\n    params: ${params(writer, method)};\n` +
      `    result: ${result};\n  };\n`;
  });
  const subscriptions = document.methods.filter((method) => method['x-notification']);
  const notifications = subscriptions.map((method) => `${comment(method.summary, '  ')}  ${method.name}: {\n` +
    `    params: Methods['${method.name}']['params'];\n    item: ${writer.type(method['x-notification'], '    ')};\n  };\n`);
  const items = subscriptions
    .map((method) => [method.name, writer.shape(method['x-notification'])])
    .filter(([, shape]) => shape !== null)
    .map(([name, shape]) => `  ${name}: ${shape},\n`);
  const results = document.methods
    .map((method) => [method.name, writer.shape(method.result.schema)])
    .filter(([, shape]) => shape !== null)
    .map(([name, shape]) => `  ${name}: ${shape},\n`);
  const shapes = [...writer.shapes].filter(([, shape]) => shape !== null)
    .map(([title, shape]) => `const k${title} = ${shape} as const;\n`);
  const byModule = { '../base/bytes.js': ['Hex'], '../keys/address.js': ['Address'] };
  const types = [...writer.imports].filter((name) => name !== 'Hex' && name !== 'Address').sort();
  const imports = Object.entries(byModule).filter(([, names]) => names.some((name) => writer.imports.has(name)))
    .map(([module, names]) => `import type { ${names.join(', ')} } from '${module}';\n`);
  return '// Made by `npm run generate` from the document that a node answers to rpc.discover; do not edit.\n' +
    `${imports.join('')}import type {\n${types.map((name) => `  ${name},\n`).join('')}} from '../types/all.js';\n\n` +
    [...writer.interfaces.keys()].sort().map((title) => `${writer.interfaces.get(title)}\n`).join('') +
    `export interface Methods {\n${methods.join('')}}\n\n` +
    `/** What comes of subscriptions. */\nexport interface Notifications {\n${notifications.join('')}}\n\n` +
    `// Where 64-bit numbers stand.\n${shapes.join('')}\nexport const kShapes = {\n${results.join('')}} as const;\n` +
    `export const kNotificationShapes = {\n${items.join('')}} as const;\n`;
}
