/** Sign-in: the tab's access token, the dialog that asks for one, and the sign-out button. */

import { byId, el, openModal } from "./dom.js";
import { textOf } from "./texts.js";

const TOKEN_KEY = "frontdesk.token";

/** @type {Promise<string> | null} the open sign-in dialog */
let signIn = null;

/** The access token of this tab; null in local mode, which needs none. */
export function accessToken() {
  return sessionStorage.getItem(TOKEN_KEY);
}

/**
 * Ask for a new token. Requests that are rejected at the same time share one dialog.
 * @param {string | null} rejected the token that the server rejected; null: none was sent
 */
export async function renewToken(rejected) {
  if (accessToken() !== rejected) return; // another request has already renewed it
  signIn ??= askForToken(rejected !== null).finally(() => { signIn = null; });
  sessionStorage.setItem(TOKEN_KEY, await signIn);
}

/** Make the sign-out button work. */
export function initSignOut() {
  byId("sign-out").addEventListener("click", forgetToken);
}

/** Remove the token and the drafts, and load the page anew. */
export function forgetToken() {
  for (const key of Object.keys(localStorage)) if (key.startsWith("frontdesk.draft.")) localStorage.removeItem(key);
  sessionStorage.removeItem(TOKEN_KEY);
  location.assign(location.pathname);
}

/** Show the sign-out button if there is a token. */
export function updateSignOut() {
  byId("sign-out").hidden = accessToken() === null;
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
