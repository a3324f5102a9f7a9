"""Serve the emulator's own JSON under `/_emulator/`: what a developer and a test look at and turn.

The page `/_emulator/` (`static/emulator.html`, `emulator.css`, `emulator.js`, served as `/_emulator/`,
`/_emulator/emulator.css`, `/_emulator/emulator.js`) is fed by these routes and by nothing else. It is sent with
`Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'
data:; …`: no inline script, no inline style.

Every route answers JSON. A refusal is `{"error": "a sentence"}` with 400, 403, 404, 405, 413 or 415. POST and DELETE
need `Content-Type: application/json`. All refuse a foreign `Origin` and a `Sec-Fetch-Site` other than same-origin or
none. Times are UTC, `yyyy-MM-ddTHH:mm:ss`, on the emulator's clock; durations are seconds.

`GET state`::

    {"revision": 17,                          # grows with every change and request: poll, and redraw when it moved
     "now": "2026-01-31T12:00:00", "clockOffset": 360,
     "project": {"projectID", "name", "applicationURL", "redirectURL", "webhookURL", "webhookActions": [],
                 "rpID", "origins": [], "webComponent": "built-in" | "<file name>",
                 "allowUserRegistration": true, "doubleOptIn": false},
     "rateLimit": null | {"requests": 100, "seconds": 10},
     "users": [{"ID", "name", "fullName", "status": "active|pending|disabled", "created",
                "emails": [{"ID", "email", "status": "active|pending"}],
                "passkeys": [{"ID", "status": "active|pending", "created", "lastUsed", "userAgent",
                              "backedUp": bool}]}],
     "tokens": [{"ID", "token": "6GQd… (64)", "kind": "auth|session|association|login", "userID", "email",
                 "state": "unused|used|expired", "created", "expires", "expiresIn": 297.5}],
     "failures": [{"ID", "method", "path", "status", "delay", "drop", "body", "retryAfter", "times", "left"}],
     "webhooks": [{"ID", "action", "url", "username", "status", "error", "answer", "runtime", "created"}]}

Lists are newest first. A failure's `left` is how often it still happens (null: for ever).

`GET requests` (newest first; the last 1000 calls of the two APIs, without preflights)::

    {"revision": 17,
     "requests": [{"ID": "req-…", "created", "api": "backend|frontend|none", "method", "path", "query",
                   "headers": {"Name": "value"}, "body": {…} | "text" | null, "status": 200 | null,
                   "response": {…} | "text" | null, "runtime": 0.0123, "planned": false}]}

`status` is null where the connection was dropped. Authorization, Cookie, passwords and tokens are masked.

`GET emails` (newest first)::

    {"revision": 17,
     "emails": [{"ID": "eml-…", "to", "subject", "text", "link", "purpose": "login|sign-up|confirmation|…",
                 "created", "expires", "expiresIn", "state": "open|confirmed|expired"}]}

`POST reset` `{}` -> `{}`: no users, tokens, emails, requests, failures; clock and project settings as at the start
(a seed file is read again).
`POST users` `{"email", "fullName"?, "confirmed"? = true}` -> one of `users` as above; 400 when the address is taken.
`POST tokens` `{"userID"}` -> `{"token", "redirectURL", "expires"}`: an auth token as after a sign-in.
`POST clock` `{"advance": seconds}` -> `{"now", "clockOffset"}`: forward only (at most ten years in all).
`POST failures` `{"method"? = any, "path" ("*" matches), one or more of "status", "delay", "drop": true,
"body": "truncated|garbage|empty", "retryAfter"?, "times"? = 1 (0: until removed)}` -> one of `failures`.
`DELETE failures` `{"ID"?}` -> `{}`: that one, or all.
`POST rate-limit` `{"requests", "seconds"? = 10}` -> `{"rateLimit"}`: calls per client address; 0 switches it off.
"""
