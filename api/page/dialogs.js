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
 * Show it, and wait until it is closed.
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>}
 */
export function answered(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => { dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }); });
}
