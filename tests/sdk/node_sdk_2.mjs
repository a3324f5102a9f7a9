// Call Corbado's Node.js SDK 2, the last that speaks API v1, once:
// node_sdk_2.mjs URL PROJECT-ID API-SECRET NAME ARGUMENT... Prints {answer} or {error, type} as JSON.

import { createRequire } from "node:module";

const require = createRequire(new URL("../browser/package.json", import.meta.url));
const { Config, SDK } = require("corbado-node-sdk-2");

const clientInfo = { remoteAddress: "192.0.2.7", userAgent: "Test browser" };
const CALLS = {
  validate: (sdk, token) => sdk.authTokens().validate({ token, clientInfo }),
  create: (sdk, email, fullName) => sdk.users().create({ name: email, email, fullName, clientInfo }),
  get: (sdk, userID) => sdk.users().get(userID),
  delete: (sdk, userID) => sdk.users().delete(userID, { clientInfo }),
};

const [url, projectID, apiSecret, name, ...values] = process.argv.slice(2);
const config = new Config(projectID, apiSecret);
config.BackendAPI = url;

let outcome;
try {
  outcome = { answer: await CALLS[name](new SDK(config), ...values) };
} catch (error) {
  if (error.httpStatusCode === undefined) throw error;
  outcome = { error: error.httpStatusCode, type: error.error?.type ?? null };
}
process.stdout.write(JSON.stringify(outcome));
