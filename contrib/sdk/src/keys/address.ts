/**
 * Addresses: RIPEMD160(SHA256(compressed public key)), shown as Bech32 (BIP-173) with the prefix "fog". A
 * k-of-n multisig account has an address of the same form, made from its policy.
 */
import { bech32 } from '@scure/base';
import { toBytes, type Hex } from '../base/bytes.js';
import { BcsError, InvalidInput } from '../base/errors.js';
import { Codec } from '../bcs/codec.js';
import { ripemd160, sha256 } from './hash.js';

/** "fog1..." */
export type Address = `fog1${string}`;

const kBytes = 20;

export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length !== kBytes) throw new InvalidInput(`an address has ${kBytes} bytes, not ${bytes.length}`);
  return bech32.encode('fog', bech32.toWords(bytes)) as Address;
}

/** Throws {@link InvalidInput} for another prefix, a bad checksum or a payload that is not 20 bytes. */
export function addressToBytes(address: string): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    const { prefix, words } = bech32.decode(address as `${string}1${string}`);
    if (prefix === 'fog') bytes = bech32.fromWords(words);
  } catch {
    // Not Bech32 at all; said below.
  }
  if (bytes?.length !== kBytes) {
    throw new InvalidInput(`"${address}" is no address: expected "fog1..." with a valid checksum`);
  }
  return bytes;
}

export function isAddress(text: string): text is Address {
  try {
    addressToBytes(text);
    return true;
  } catch {
    return false;
  }
}

/** Of a compressed public key. */
export function addressOf(publicKey: Uint8Array | Hex): Address {
  return addressFromBytes(ripemd160(sha256(toBytes(publicKey))));
}

/* @__NO_SIDE_EFFECTS__ */
function addressCodec(): Codec<Address> {
  const check = (value: unknown): Uint8Array => {
    try {
      return addressToBytes(value as string);
    } catch {
      throw new BcsError('bad_value', 'expected an address, "fog1..."');
    }
  };
  return new Codec<Address>({
    name: 'address',
    read: (reader) => addressFromBytes(reader.readBytes(kBytes)),
    write: (value, writer) => void writer.writeBytes(check(value)),
    fromJson: (json) => addressFromBytes(check(json)),
  });
}

export const address: Codec<Address> = addressCodec();
