// A loop over Lambda's runtime API. The managed runtime brings a client of its own, which can't be had outside of
// Lambda; this one does less than that, which favours Node.

import { Agent, request } from "node:http";

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { hostname, port, agent, method, path: `/2018-06-01/runtime/${path}` };
    const sent = request(options, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    sent.on("error", reject);
    if (body === undefined) {
      sent.end();
    } else {
      sent.setHeader("content-type", "application/json");
      sent.setHeader("content-length", Buffer.byteLength(body));
      sent.end(body);
    }
  });
}

export async function run(handler) {
  for (;;) {
    const event = await ask("GET", "invocation/next");
    const id = event.headers["lambda-runtime-aws-request-id"];
    try {
      const answer = await handler(JSON.parse(event.body));
      await ask("POST", `invocation/${id}/response`, JSON.stringify(answer));
    } catch (error) {
      await ask("POST", `invocation/${id}/error`, JSON.stringify({ errorMessage: String(error.stack ?? error) }));
    }
  }
}
