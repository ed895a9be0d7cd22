/** Deletions that can be undone: for a while the item says that it is deleted, and only then the request is sent. */

import { el } from "./dom.js";
import { isNotFound, requestJson } from "./http.js";
import { textOf } from "./texts.js";

/** Milliseconds in which a deletion can be undone. */
const UNDO_TIME = 8000;

/** What was being deleted when the page was left. */
const LEFT_KEY = "frontdesk.deleting";

/** @typedef {{item: HTMLElement, send: (keepalive: boolean) => Promise<void>}} Deletion */

/** @type {Map<string, Deletion>} the deletions that can still be undone, by the path of what is deleted */
const deletions = new Map();

addEventListener("pagehide", () => {
  if (deletions.size) sessionStorage.setItem(LEFT_KEY, JSON.stringify([...deletions.keys()]));
  for (const { send } of deletions.values()) send(true);
});

/** Finish the deletions that were sent when the page was left, so that what the page shows now is without them. */
export async function finishDeletions() {
  const paths = /** @type {string[]} */ (JSON.parse(sessionStorage.getItem(LEFT_KEY) ?? "[]"));
  await Promise.allSettled(paths.map((path) => requestJson(path, { method: "DELETE" })));
  sessionStorage.removeItem(LEFT_KEY);
}

/**
 * Delete something when the time to undo is over, or the page is left. Until then its item says so, with a button.
 * @param {string} path DELETE is sent there
 * @param {HTMLElement} item of a list
 * @param {string} text what the item says
 * @param {(error: Error | null) => void} onEnd called once it is deleted, or could not be
 * @param {() => void} [onUndo]
 */
export function deleteWithUndo(path, item, text, onEnd, onUndo = () => {}) {
  const children = [...item.childNodes];
  const focused = document.activeElement;
  const restore = () => {
    clearTimeout(timer);
    deletions.delete(path);
    item.replaceChildren(...children);
  };
  const undo = el("button.quiet", { type: "button", "aria-label": `${text} ${textOf("undo")}`, onclick: () => {
    if (!deletions.has(path)) return; // too late
    restore();
    onUndo();
    if (focused instanceof HTMLElement) focused.focus();
  } }, textOf("undo"));
  const send = async (/** @type {boolean} */ keepalive) => {
    clearTimeout(timer);
    deletions.delete(path);
    const error = await requestJson(path, { method: "DELETE", keepalive }).then(() => null, (/** @type {Error} */ reason) => reason);
    if (error && !isNotFound(error)) restore();
    onEnd(error && !isNotFound(error) ? error : null);
  };
  const timer = setTimeout(() => send(false), UNDO_TIME);
  deletions.set(path, { item, send });
  item.replaceChildren(el("span.deleted", {}, text), undo);
  undo.focus();
}

/**
 * The item of what is being deleted, for a list that is shown anew meanwhile; undefined if it is not.
 * @param {string} path
 */
export function deletedItem(path) {
  return deletions.get(path)?.item;
}
