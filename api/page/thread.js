/** What was said, newest at the bottom, which stays in sight until the reader scrolls up. */

import { byId, fill } from "./dom.js";

/** Pixels from the bottom that still count as being there. */
const NEAR = 64;

const log = byId("log");
const items = byId("items");
const jump = byId("jump");
const voice = byId("voice");
let pinned = true;

log.addEventListener("scroll", () => {
  pinned = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  jump.hidden = pinned;
}, { passive: true });
jump.addEventListener("click", () => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  log.scrollTo({ top: log.scrollHeight, behavior: still ? "auto" : "smooth" });
  byId("message").focus();
});
new ResizeObserver(keep).observe(items); // whatever grows, also what is learned late
new ResizeObserver(keep).observe(log);

function keep() {
  if (pinned) log.scrollTop = log.scrollHeight;
}

/** Go to the newest, and stay there. */
export function toBottom() {
  pinned = true;
  jump.hidden = true;
  keep();
}

/**
 * Show these and nothing else.
 * @param {...Element} shown
 */
export function show(...shown) {
  fill(items, ...shown);
  toBottom();
}

/**
 * Add at the bottom.
 * @param {Element} item
 */
export function add(item) {
  items.append(item);
}

/**
 * Add at the top, in the place of the button that asked for it, without moving what is in sight.
 * @param {Element} button
 * @param {Element[]} earlier
 */
export function addEarlier(button, earlier) {
  const below = log.scrollHeight - log.scrollTop;
  pinned = false;
  button.replaceWith(...earlier);
  log.scrollTop = log.scrollHeight - below;
}

/**
 * What stands here of this turn.
 * @param {string} turnId
 * @returns {HTMLElement[]}
 */
export function ofTurn(turnId) {
  return /** @type {HTMLElement[]} */ ([...items.children]).filter((item) => item.dataset.turn === turnId);
}

/** Whether nothing has been said. */
export function isEmpty() {
  return !items.querySelector("article");
}

/**
 * Tell who cannot see it.
 * @param {string} text
 */
export function announce(text) {
  voice.textContent = text;
}
