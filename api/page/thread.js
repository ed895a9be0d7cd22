/** What was said, newest at the bottom, which is followed smoothly until the reader scrolls up. */

import { byId, fill } from "./dom.js";

/** Pixels from the bottom within which who scrolls down is taken to be there. */
const NEAR = 64;

/** The share of the way to the bottom that is gone in one frame. */
const STEP = 0.3;

const log = byId("log");
const items = byId("items");
const jump = byId("jump");
const voice = byId("voice");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let pinned = true;
/** Where the log stood when it was last scrolled, by whomever. */
let top = 0;
let frame = 0;

log.addEventListener("scroll", () => {
  const up = log.scrollTop < top;
  top = log.scrollTop;
  if (left() < 2) pinned = true; // also where what was said became shorter
  else if (up) pinned = false; // only the reader scrolls up, and the least bit is meant
  else if (left() < NEAR) pinned = true;
  jump.hidden = pinned || isEmpty();
}, { passive: true });
jump.addEventListener("click", () => {
  pinned = true;
  jump.hidden = true;
  keep();
  byId("message").focus();
});
new ResizeObserver(keep).observe(items); // whatever grows, also what is learned late
new ResizeObserver(keep).observe(log);

/** Pixels to the bottom. */
function left() {
  return log.scrollHeight - log.scrollTop - log.clientHeight;
}

/** Follow what grows: a part of the way each frame; at once where nothing is to move, or the way is long. */
function keep() {
  cancelAnimationFrame(frame);
  if (!pinned || left() < 1) return;
  const whole = still.matches || left() > 2 * log.clientHeight;
  log.scrollTop += whole ? left() : Math.max(1, left() * STEP);
  frame = requestAnimationFrame(keep);
}

/** Go to the newest, and stay there. */
export function toBottom() {
  pinned = true;
  jump.hidden = true;
  log.scrollTop = log.scrollHeight;
}

/**
 * Show these and nothing else; what is no conversation from its beginning.
 * @param {...Element} shown
 */
export function show(...shown) {
  fill(items, ...shown);
  toBottom();
  if (!isEmpty()) return;
  pinned = false;
  log.scrollTop = 0;
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
  return [...items.children].filter((item) => item.dataset.turn === turnId);
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
