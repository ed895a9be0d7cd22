/** The button that makes a new conversation temporary, and the note of an open one that is. */

import { byId } from "./dom.js";
import { requestJson } from "./http.js";

const button = byId("temporary");
const note = byId("temporary-note");
/** @type {string | null} the open conversation */
let opened = null;

button.addEventListener("click", () => showTemporary(!isTemporary()));

/** Whether the open conversation is temporary, or a new one shall be. */
export function isTemporary() {
  return button.getAttribute("aria-pressed") === "true";
}

/** The new conversation has begun: what it is now stays. */
export function fixTemporary() {
  button.hidden = true;
}

/**
 * Another conversation was opened.
 * @param {string | null} conversation null: a new one, which is not temporary
 */
export async function updateTemporary(conversation) {
  opened = conversation;
  button.hidden = conversation !== null;
  showTemporary(false);
  if (!conversation) return;
  const details = await requestJson(`/conversations/${encodeURIComponent(conversation)}`).catch(() => null);
  if (details?.temporary && conversation === opened) showTemporary(true);
}

/** @param {boolean} temporary */
export function showTemporary(temporary) {
  button.setAttribute("aria-pressed", String(temporary));
  note.hidden = !temporary;
}
