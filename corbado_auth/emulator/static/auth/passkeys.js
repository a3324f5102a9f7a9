// WebAuthn ceremonies in the format of the frontend API: JSON inside a JSON string, with binary
// values as unpadded base64url (API notes 4.3).

function bytes(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function base64url(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function descriptors(list) {
  return list?.map((credential) => ({ ...credential, id: bytes(credential.id) }));
}

function withoutUndefined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function signedChallenge(credential, response) {
  return JSON.stringify({
    type: credential.type,
    id: credential.id,
    rawId: base64url(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    response: { clientDataJSON: base64url(credential.response.clientDataJSON), ...response },
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

/** Whether this device can verify its user: fingerprint, face or PIN. */
export async function platformAuthenticatorAvailable() {
  try {
    return await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  } catch {
    return false;
  }
}

/** Whether the browser offers passkeys inside the username field. Corbado leaves Edge out. */
export async function conditionalMediationAvailable() {
  if (navigator.userAgent.includes("Edg/")) return false;
  try {
    return await PublicKeyCredential.isConditionalMediationAvailable();
  } catch {
    return false;
  }
}

/** Run a registration ceremony. Throws the browser's DOMException if the person cancels. */
export async function createPasskey(challenge) {
  const { publicKey } = JSON.parse(challenge);
  const credential = await navigator.credentials.create({
    publicKey: withoutUndefined({
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: descriptors(publicKey.excludeCredentials),
    }),
  });
  return signedChallenge(credential, {
    attestationObject: base64url(credential.response.attestationObject),
    transports: credential.response.getTransports?.() ?? [],
  });
}

/** Run a login ceremony; `mediation` and `signal` are those of navigator.credentials.get(). */
export async function usePasskey(challenge, { mediation, signal } = {}) {
  const { publicKey } = JSON.parse(challenge);
  const credential = await navigator.credentials.get(
    withoutUndefined({
      mediation,
      signal,
      publicKey: withoutUndefined({
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        allowCredentials: descriptors(publicKey.allowCredentials),
      }),
    }),
  );
  const { authenticatorData, signature, userHandle } = credential.response;
  return signedChallenge(credential, {
    authenticatorData: base64url(authenticatorData),
    signature: base64url(signature),
    userHandle: userHandle ? base64url(userHandle) : null,
  });
}

/** Whether the person cancelled the browser's dialog, or it timed out. */
export function wasCancelled(error) {
  return error instanceof DOMException && ["NotAllowedError", "UnknownError"].includes(error.name);
}
