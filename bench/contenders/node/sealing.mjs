// Opens what shared/src/sealing seals: the keyring's key by HKDF for each owner, a wrapped data key, the data.

import { createDecipheriv, hkdfSync } from "node:crypto";

const [NONCE, TAG, WRAPPED] = [12, 16, 48];

export function parseKeyring(text) {
  const form = JSON.parse(text);
  if (form.v !== 1) {
    throw new Error(`a keyring of version ${form.v}`);
  }
  return new Map(Object.entries(form.keys ?? { 1: form.key }));
}

function openPart(key, nonce, authenticated, sealed) {
  const cipher = createDecipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(authenticated);
  cipher.setAuthTag(sealed.subarray(-TAG));
  return Buffer.concat([cipher.update(sealed.subarray(0, -TAG)), cipher.final()]);
}

export function open(keyring, owner, context, sealed) {
  if (sealed[0] !== 1) {
    throw new Error(`sealed bytes of unknown format ${sealed[0]}`);
  }
  const id = sealed.toString("latin1", 2, 2 + sealed[1]);
  const wrapped = 2 + sealed[1] + NONCE;
  const header = wrapped + WRAPPED + NONCE;
  const key = keyring.get(id);
  if (key === undefined) {
    throw new Error(`the keyring holds no key ${id}`);
  }
  const info = `coffer/wrapping-key/1\0${id}\0${owner}`;
  const wrapping = Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), info, 32));
  const prefix = sealed.subarray(0, 2 + sealed[1]);
  const dataKey = openPart(
    wrapping,
    sealed.subarray(wrapped - NONCE, wrapped),
    prefix,
    sealed.subarray(wrapped, wrapped + WRAPPED),
  );
  const authenticated = Buffer.concat([sealed.subarray(0, header), context]);
  return openPart(dataKey, sealed.subarray(header - NONCE, header), authenticated, sealed.subarray(header));
}

// The bytes that a secret's seal covers besides the data, as shared/src/vault/context.rs has them.
export function contextOf(record) {
  const number = (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
  };
  const fields = [
    "coffer/secret/1",
    record.owner,
    record.name,
    record.secretId,
    number(record.version),
    record.writeId,
    record.author,
    record.updatedBy,
    number(record.createdMs),
    number(record.updatedMs),
    number(record.readRoles.length),
    ...record.readRoles,
    number(record.writeRoles.length),
    ...record.writeRoles,
  ];
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field);
      return [number(bytes.length), bytes];
    }),
  );
}
