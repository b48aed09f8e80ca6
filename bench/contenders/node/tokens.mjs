// From an event to a caller: the token's signature, its times, its issuer, its claims.

import { createPublicKey, verify } from "node:crypto";

const LEEWAY = 30;
const issuers = process.env.COFFER_VAULT_ISSUERS.split(",");
const keys = new Map(
  JSON.parse(process.env.COFFER_JWT_KEYS).keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: "jwk" })]),
);

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
const words = (value) => (Array.isArray(value) ? value : (value ?? "").split(/[ ,]+/).filter(Boolean));

export function caller(event) {
  const values = Object.entries(event.multiValueHeaders).find(([name]) => name.toLowerCase() === "authorization")?.[1];
  const [scheme, token] = values?.length === 1 ? values[0].split(" ") : [];
  if (scheme?.toLowerCase() !== "bearer" || token === undefined) {
    throw new Refused(401, "a bearer token is required");
  }
  const [header, claims, signature, ...rest] = token.split(".");
  const { alg, kid } = decode(header);
  const key = keys.get(kid);
  const signed = Buffer.from(`${header}.${claims}`);
  if (rest.length > 0 || alg !== "EdDSA" || !key || !verify(null, signed, key, Buffer.from(signature, "base64url"))) {
    throw new Refused(401, "the token is not valid");
  }
  const { iss, exp, nbf, sub, userid, scope, roles, authorities } = decode(claims);
  const now = Date.now() / 1000;
  if (!(exp + LEEWAY > now) || nbf > now + LEEWAY || !issuers.includes(iss)) {
    throw new Refused(401, "the token is not valid");
  }
  return { id: userid ?? sub, scopes: words(scope), roles: words(roles), authorities: words(authorities) };
}

export function answered(status, body, headers = {}) {
  const all = { "content-type": "application/json", "cache-control": "no-store", ...headers };
  const multiValueHeaders = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]]));
  return { statusCode: status, multiValueHeaders, body, isBase64Encoded: false };
}

// What every handler does around its own work: a refusal's answer, and a line in the log.
export function endpoint(operation, handle) {
  return async (event) => {
    const started = performance.now();
    let answer;
    try {
      answer = await handle(event);
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      answer = answered(error.status, JSON.stringify({ error_message: error.message }));
    }
    const line = {
      operation,
      tracking_id: event.requestContext.requestId,
      status: answer.statusCode,
      duration_ms: performance.now() - started,
    };
    console.log(JSON.stringify(line));
    return answer;
  };
}
