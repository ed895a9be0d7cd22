/** How far back the page looks, as its address says it: so it can be linked, and the browser's way back leads back. */

import { byId } from "./dom.js";

/** @typedef {"24h" | "7d"} Span */

export const SAID = { "24h": "the last 24 hours", "7d": "the last 7 days" };

const field = byId("span");

/** @returns {Span} */
export function span() {
  return location.hash === "#7d" ? "7d" : "24h";
}

/**
 * Make the switch work.
 * @param {() => void} changed
 */
export function switching(changed) {
  const mark = () => { /** @type {HTMLInputElement} */ (field.querySelector(`[value="${span()}"]`)).checked = true; };
  field.addEventListener("change", (/** @type {any} */ event) => { location.hash = event.target.value; });
  addEventListener("hashchange", () => {
    mark();
    changed();
  });
  mark();
}
