/** Questions that wait for an answer. */

import { byId } from "./dom.js";

/**
 * Whether the person means it.
 * @param {string} question
 * @param {string} yes what the button says
 * @returns {Promise<boolean>}
 */
export async function confirmed(question, yes) {
  const dialog = byId("confirm");
  byId("confirm-question").textContent = question;
  byId("confirm-yes").textContent = yes;
  return (await answered(dialog)) === "yes";
}

/**
 * A token, from whoever has none yet.
 * @returns {Promise<string>}
 */
export async function tokenAsked() {
  const dialog = byId("sign-in");
  const field = byId("token");
  for (;;) {
    field.value = "";
    await answered(dialog);
    const token = field.value.trim().replace(/^Bearer\s+/i, "");
    if (/^[\x21-\x7e]+$/.test(token)) return token;
  }
}

/**
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>}
 */
function answered(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => { dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }); });
}
