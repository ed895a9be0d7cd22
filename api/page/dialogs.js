/** Questions that wait for an answer. */

import { byId } from "./dom.js";

/** @type {WeakMap<HTMLDialogElement, Promise<string>>} what was asked last in each */
const asked = new WeakMap();

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
 * Show it, and wait until it is closed. That is told a moment late, when somebody quick may have asked the next
 * question: it waits for that, or the answer to one would be taken for the other's.
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>}
 */
export function answered(dialog) {
  const answer = Promise.resolve(asked.get(dialog)).then(() => {
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => { dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }); });
  });
  asked.set(dialog, answer);
  return answer;
}
