/** Signing in and out, the same on each page. */

import { answered } from "./dialogs.js";
import { byId, el } from "./dom.js";
import { signInWith, signOut, signedIn } from "./http.js";

/** Ask for a token where the server wants one, and make the way out work. */
export function signing() {
  signInWith(tokenAsked);
  byId("sign-out").addEventListener("click", () => {
    signOut();
    location.assign(location.pathname);
  });
}

/** Show the way out to who is signed in. */
export function offerSignOut() {
  byId("sign-out").hidden = !signedIn();
}

/**
 * A token, from whoever has none yet or one that does not hold.
 * @param {boolean} refused
 * @returns {Promise<string>}
 */
async function tokenAsked(refused) {
  const field = el("input", { id: "token", type: "password", autocomplete: "off", required: true });
  const dialog = el("dialog", { id: "sign-in", "aria-labelledby": "sign-in-title" }, el("form", { method: "dialog" },
    el("h2", { id: "sign-in-title" }, "Sign in"),
    refused && el("p.trouble", {}, "That token does not hold, or holds no longer."),
    el("label", { for: "token" }, "Access token"),
    field,
    el("p.small", {}, "It is kept in this tab only, until you close it."),
    el("footer", {}, el("button", {}, "Sign in"))));
  document.body.append(dialog);
  try {
    for (;;) {
      field.value = "";
      await answered(dialog);
      const token = field.value.trim().replace(/^Bearer\s+/i, "");
      if (/^[\x21-\x7e]+$/.test(token)) return token;
    }
  } finally {
    dialog.remove();
  }
}
