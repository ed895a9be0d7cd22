/** Sign-in: who this tab speaks for, the dialogs that ask for it, and the sign-out button. */

import { byId, el, openModal } from "./dom.js";
import { textOf } from "./texts.js";

/** An access token that the user pasted. */
const TOKEN_KEY = "frontdesk.token";

/** What must hold between leaving for the issuer and coming back. */
export const ROUND_TRIP_KEY = "frontdesk.sign-in";

/** Whether this tab has signed in with the issuer, which then asks nothing when the page is loaded anew. */
export const SIGNED_IN_KEY = "frontdesk.signed-in";

/** Other tabs hear of it when this one signs out. */
const tabs = new BroadcastChannel("frontdesk.session");

/** @type {import("./sign-in.js").Session | null} with an OpenID Connect issuer; null: not signed in there */
let session = null;

/** Why the issuer signed nobody in, in words. */
let failure = "";

/** @type {Promise<void> | null} what comes back from the issuer is being checked */
const returning = sessionStorage.getItem(ROUND_TRIP_KEY) && new URLSearchParams(location.search).has("state") ? finishSignIn() : null;

/** @type {Promise<void> | null} the open sign-in dialog */
let signIn = null;

tabs.addEventListener("message", () => { if (session) leave(location.pathname); });

/** The access token of this tab; null in local mode, which needs none. */
export async function accessToken() {
  await returning;
  return session ? session.token() : sessionStorage.getItem(TOKEN_KEY);
}

/** Whether this tab has a token. */
export function isSignedIn() {
  return session !== null || sessionStorage.getItem(TOKEN_KEY) !== null;
}

/**
 * Get a new token. Requests that are rejected at the same time share one dialog.
 * @param {string | null} rejected the token that the server rejected; null: none was sent
 */
export async function renewToken(rejected) {
  if (await accessToken() !== rejected) return; // another request has already renewed it
  signIn ??= getToken(rejected !== null).finally(() => { signIn = null; });
  await signIn;
}

/** Make the sign-out button work. */
export function initSignOut() {
  byId("sign-out").addEventListener("click", signOut);
}

/** Forget who is signed in, here and with the issuer, with the drafts, and load the page anew. */
export function signOut() {
  forgetTexts();
  if (session) tabs.postMessage("signed out");
  leave(session?.signOutUrl() ?? location.pathname);
}

/** Show the sign-out button if there is a token. */
export function updateSignOut() {
  byId("sign-out").hidden = !isSignedIn();
}

/** Remove what was typed and not sent: the next user must not find it. */
export function forgetTexts() {
  for (const key of Object.keys(localStorage)) if (key.startsWith("frontdesk.draft.")) localStorage.removeItem(key);
  for (const key of ["frontdesk.sending", "frontdesk.editing"]) sessionStorage.removeItem(key);
}

/** @param {string} url */
function leave(url) {
  session = null;
  sessionStorage.removeItem(TOKEN_KEY);
  sessionStorage.removeItem(SIGNED_IN_KEY);
  location.assign(url);
}

async function finishSignIn() {
  try {
    session = await (await import("./sign-in.js")).finish(await signInOptions());
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
}

/** @returns {Promise<import("../contract.js").SignInOptions>} */
async function signInOptions() {
  return (await fetch("/sign-in")).json();
}

/**
 * Get a token, however this server's users get theirs.
 * @param {boolean} rejected whether a token was rejected
 */
async function getToken(rejected) {
  if (session && await session.renew()) return;
  const options = await signInOptions();
  if (options.method === "oidc") await (await import("./sign-in.js")).begin(options, failure || (rejected ? textOf("sessionExpired") : ""));
  else sessionStorage.setItem(TOKEN_KEY, await askForToken(rejected));
}

/**
 * Open the sign-in dialog until it yields something that can be a token.
 * @param {boolean} rejected whether a token was rejected
 * @returns {Promise<string>}
 */
async function askForToken(rejected) {
  const field = el("input", { id: "token", type: "password", autocomplete: "off", required: true });
  const dialog = el("dialog", { id: "sign-in", "aria-labelledby": "sign-in-title" }, el("form", { method: "dialog" },
    el("h2", { id: "sign-in-title" }, textOf("signIn")),
    rejected && el("p.error-text", {}, textOf("tokenRejected")),
    el("label", { for: "token" }, textOf("accessToken")),
    field,
    el("p.small", {}, textOf("tokenNote")),
    el("footer", {}, el("button", {}, textOf("signIn")))));
  document.body.append(dialog);
  try {
    for (;;) {
      field.value = "";
      await openModal(dialog);
      const token = field.value.trim().replace(/^Bearer\s+/i, "");
      if (/^[\x21-\x7e]+$/.test(token)) return token;
    }
  } finally {
    dialog.remove();
  }
}
