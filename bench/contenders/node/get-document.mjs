// get-document for Node: the same work as functions/get-document. The signer of the SDK, and Node's own HTTPS client
// with a connection that is opened while the function starts.

import { createHash, createHmac } from "node:crypto";
import { Agent, request } from "node:https";

import { SignatureV4 } from "@smithy/signature-v4";

import { run } from "./runtime.mjs";
import { answered, caller, endpoint, Refused } from "./tokens.mjs";

const env = process.env;
const SCOPES = ["sp:search:read", "sp:scopes:all"];
const AUTHORITIES =
  "ORG_ADMIN,CERT_ADMIN,REPORT_ADMIN,SOURCE_ADMIN,SOURCE_SUBADMIN,ROLE_ADMIN,ROLE_SUBADMIN".split(",");
const INDICES = ["accessprofiles", "accountactivities", "entitlements", "events", "identities", "roles"];

// The hash that the signer asks for, by OpenSSL.
class Sha256 {
  constructor(secret) {
    this.hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return this.hash.digest();
  }
}

const { hostname, port, host } = new URL(env.COFFER_OPENSEARCH_URL);
const agent = new Agent({ keepAlive: true });
const signer = new SignatureV4({
  service: "es",
  region: env.AWS_REGION,
  sha256: Sha256,
  credentials: {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    sessionToken: env.AWS_SESSION_TOKEN,
  },
});

async function read(index, id) {
  const path = `/${index}/_source/${encodeURIComponent(id)}`;
  const plain = { method: "GET", protocol: "https:", hostname, path, query: {}, headers: { host, "accept-encoding": "identity" } };
  const { headers } = await signer.sign(plain);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers, agent, timeout: 3000 }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }));
    });
    sent.on("timeout", () => sent.destroy(new Error("OpenSearch did not answer in time")));
    sent.on("error", reject);
    sent.end();
  });
}

async function getDocument(event) {
  const who = caller(event);
  const scoped = SCOPES.some((scope) => who.scopes.includes(scope));
  if (!scoped || !AUTHORITIES.some((authority) => who.authorities.includes(authority))) {
    throw new Refused(403, "the token lacks a scope or a user level");
  }
  const [index, id] = event.path.split("/").slice(-2).map(decodeURIComponent);
  if (!INDICES.includes(index)) {
    throw new Refused(404, "no such index");
  }
  const { status, body } = await read(index, id);
  if (status === 404) {
    throw new Refused(404, "no such document");
  }
  if (status !== 200) {
    throw new Error(`OpenSearch answered ${status}`);
  }
  return answered(200, body);
}

// A document that isn't there: it opens the connection and compiles the way of a request.
await read("identities", "0").catch(() => {});
await run(endpoint("get-document", getDocument));
