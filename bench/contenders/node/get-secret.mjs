// get-secret for Node: the same work as functions/get-secret, with what makes a function for Node start fast. One bundle
// without what isn't used; clients, keyring and connections made while the function starts.

import { Agent } from "node:https";

import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { run } from "./runtime.mjs";
import { contextOf, open, parseKeyring } from "./sealing.mjs";
import { answered, caller, endpoint, Refused } from "./tokens.mjs";

const env = process.env;
// Given, so that the SDK doesn't look for them in files and other services.
const common = {
  region: env.AWS_REGION,
  credentials: {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    sessionToken: env.AWS_SESSION_TOKEN,
  },
  maxAttempts: 3,
  requestHandler: { httpsAgent: new Agent({ keepAlive: true }), connectionTimeout: 1000, requestTimeout: 2000 },
};
const table = new DynamoDBClient({ ...common, endpoint: env.COFFER_DYNAMODB_URL });
const secrets = new SecretsManagerClient({ ...common, endpoint: env.COFFER_SECRETS_MANAGER_URL });

async function readItem(owner, name) {
  const key = { owner: { S: owner }, name: { S: name } };
  const command = new GetItemCommand({ TableName: env.COFFER_TABLE, Key: key, ConsistentRead: true });
  return (await table.send(command)).Item;
}

// Beside the keyring an item that isn't there is read: it opens the connection and compiles the way of a request.
const [keyring] = await Promise.all([
  secrets.send(new GetSecretValueCommand({ SecretId: env.COFFER_KEYRING_SECRET })).then((answer) => parseKeyring(answer.SecretString)),
  readItem("0", "0").catch(() => {}),
]);

const texts = (list) => list.L.map((element) => element.S);
const time = (ms) => new Date(ms).toISOString();
const encode = (segment) => encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

async function getSecret(event) {
  const who = caller(event);
  const [owner, , name] = event.path.split("/").slice(-3).map(decodeURIComponent);
  const admin = who.scopes.some((scope) => scope === "admin" || scope === "privx-admin");
  if (!admin && !who.scopes.some((scope) => scope === "user" || scope === "privx-user")) {
    throw new Refused(403, "the token lacks a scope");
  }
  const item = await readItem(owner, name);
  if (item === undefined) {
    throw new Refused(404, "Secret not found (OBJECT_NOT_FOUND)");
  }
  const record = {
    owner: item.owner.S,
    name: item.name.S,
    secretId: Buffer.from(item.secret_id.B),
    version: item.version.N,
    writeId: Buffer.from(item.write_id.B),
    author: item.author.S,
    updatedBy: item.updated_by.S,
    createdMs: Number(item.created_ms.N),
    updatedMs: Number(item.updated_ms.N),
    readRoles: texts(item.read_roles),
    writeRoles: texts(item.write_roles),
  };
  const data = open(keyring, record.owner, contextOf(record), Buffer.from(item.sealed.B)).toString();
  const holds = (roles) => roles.some((role) => who.roles.includes(role));
  const whole = admin || who.id === record.owner || holds(record.readRoles);
  if (!whole && !holds(record.writeRoles)) {
    throw new Refused(404, "Secret not found (OBJECT_NOT_FOUND)");
  }
  const roles = (ids) => ids.map((id) => ({ id, name: "", deleted: false }));
  const rest = JSON.stringify({
    read_roles: roles(record.readRoles),
    write_roles: roles(record.writeRoles),
    author: record.author,
    path: `/vault/api/v1/user/${encode(record.owner)}/secrets/${encode(record.name)}`,
    updated_by: record.updatedBy,
    created: time(record.createdMs),
    updated: time(record.updatedMs),
    owner_id: record.owner,
  });
  // The data goes as it came: parsing would change its numbers.
  const shown = whole ? `"data":${data},` : "";
  const body = `{"name":${JSON.stringify(record.name)},${shown}${rest.slice(1)}`;
  return answered(200, body, { etag: `"${record.version}-${record.secretId.toString("hex")}"` });
}

await run(endpoint("get-secret", getSecret));
