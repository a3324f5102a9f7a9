// Call Corbado's Node.js SDK once: node_sdk.mjs URL PROJECT-ID API-SECRET NAME ARGUMENT...
// Prints {answer} or {error, body} as JSON.

import { createRequire } from "node:module";

const require = createRequire(new URL("../browser/package.json", import.meta.url));
const { Configuration, SDK } = require("@corbado/node-sdk");

const CLIENT_INFO = { remoteAddress: "192.0.2.7", userAgent: "Test browser" };
const CALLS = {
    validate: (sdk, token) => sdk.authTokens.validate(token, CLIENT_INFO),
    associate: (sdk, email) => sdk.associationTokens.create(email, "email", CLIENT_INFO),
};

const [url, projectID, apiSecret, name, ...values] = process.argv.slice(2);
const config = new Configuration(projectID, apiSecret);
config.backendAPI = `${url}/v1`;

// The SDK prints the HTTP error, secret and all, and keeps the body to itself.
let body = null;
console.log = (error) => {
    body = error.response?.data ?? null;
};

let outcome;
try {
    outcome = { answer: await CALLS[name](new SDK(config), ...values) };
} catch (error) {
    if (error.httpStatusCode === undefined) throw error;
    outcome = { error: error.httpStatusCode, body };
}
process.stdout.write(JSON.stringify(outcome));
