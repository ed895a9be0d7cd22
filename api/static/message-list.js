/** The message list: welcome screen or messages, earlier pages on demand, and scrolling that follows the newest one. */

import { showComposerError } from "./composer.js";
import { byId, el, setChildren } from "./dom.js";
import { requestJson } from "./http.js";
import { Answer, userMessage } from "./message.js";
import { textOf } from "./texts.js";
import { welcome } from "./welcome.js";

/** Messages per page. */
const PAGE_SIZE = "30";

/** Pixels from the bottom within which scrolling down resumes following. */
const NEAR_BOTTOM = 64;

/** The share of the remaining distance that is scrolled per frame. */
const SCROLL_STEP = 0.3;

/** @typedef {(text: string) => void} Ask */
/** @typedef {import("../contract.js").MessagePage} MessagePage newest first */

const log = byId("log");
const list = byId("messages");
const jumpButton = byId("jump-to-latest");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
let following = true;
/** @type {string | null} the conversation whose messages are shown */
let shown = null;
let lastScrollTop = 0;
let frame = 0;

log.addEventListener("scroll", () => {
  const up = log.scrollTop < lastScrollTop;
  lastScrollTop = log.scrollTop;
  if (distanceToBottom() < 2) following = true; // also when the content has become shorter
  else if (up) following = false; // only the user scrolls up, and a single pixel counts
  else if (distanceToBottom() < NEAR_BOTTOM) following = true;
  jumpButton.hidden = following || isEmpty();
}, { passive: true });
jumpButton.addEventListener("click", () => {
  following = true;
  jumpButton.hidden = true;
  follow();
  byId("message").focus();
});
new ResizeObserver(follow).observe(list);
new ResizeObserver(follow).observe(log);

function distanceToBottom() {
  return log.scrollHeight - log.scrollTop - log.clientHeight;
}

/** Scroll to the bottom while following: smoothly, or at once with reduced motion or over a long distance. */
function follow() {
  cancelAnimationFrame(frame);
  if (!following || distanceToBottom() < 1) return;
  const atOnce = reducedMotion.matches || distanceToBottom() > 2 * log.clientHeight;
  log.scrollTop += atOnce ? distanceToBottom() : Math.max(1, distanceToBottom() * SCROLL_STEP);
  frame = requestAnimationFrame(follow);
}

/** Scroll to the bottom at once and follow from there. */
export function scrollToBottom() {
  following = true;
  jumpButton.hidden = true;
  log.scrollTop = log.scrollHeight;
}

/**
 * Replace the content of the list. Messages are shown from the bottom, anything else from the top.
 * @param {...Element} items
 */
export function showItems(...items) {
  shown = null;
  setChildren(list, ...items);
  scrollToBottom();
  if (!isEmpty()) return;
  following = false;
  log.scrollTop = 0;
}

/** @param {Element} item */
export function appendItem(item) {
  list.append(item);
}

/**
 * The items of a turn.
 * @param {string} turnId
 * @returns {HTMLElement[]}
 */
export function itemsOfTurn(turnId) {
  return /** @type {HTMLElement[]} */ ([...list.children]).filter((item) => item.dataset.turn === turnId);
}

/** The conversation whose messages are shown; null: a new one. */
export const shownConversation = () => shown;

/** Stay where the list is, whatever comes. */
export function stopFollowing() {
  following = false;
}

/** Whether there are no messages. */
export function isEmpty() {
  return !list.querySelector("article");
}

/** Show the screen of a new conversation. */
export function showWelcome() {
  showItems(welcome());
}

/**
 * Load messages of a conversation: the newest ones, newest first, if the query says nothing else.
 * @param {string} conversation
 * @param {Record<string, string>} [query]
 * @returns {Promise<MessagePage>}
 */
export function loadMessages(conversation, query) {
  const parameters = new URLSearchParams({ limit: PAGE_SIZE, order: "desc", ...query });
  return requestJson(`/conversations/${encodeURIComponent(conversation)}/messages?${parameters}`);
}

/**
 * Load a conversation's newest message; undefined if it has none.
 * @param {string} conversation
 */
export async function loadNewestMessage(conversation) {
  return (await loadMessages(conversation, { limit: "1" })).items[0];
}

/**
 * Show a conversation's newest messages, with a button for earlier ones.
 * @param {string} conversation
 * @param {MessagePage} page
 */
export function showMessages(conversation, { items, next_cursor }) {
  showItems(...moreButton(conversation, next_cursor), ...renderMessages(items.toReversed()));
  shown = conversation;
}

/**
 * @param {import("../contract.js").Message[]} messages oldest first
 * @returns {HTMLElement[]}
 */
export function renderMessages(messages) {
  /** @type {HTMLElement[]} */
  const elements = [];
  /** @type {HTMLElement | null} */
  let question = null;
  for (const [index, message] of messages.entries()) {
    if (message.role === "user") elements.push(question = userMessage(message));
    else elements.push(Answer.fromMessage(message, question).element);
    const next = messages[index + 1];
    if (message.role === "user" && next?.role === "user") elements.push(Answer.missing(message).element);
    if (message.role !== "user") question = null;
  }
  return elements;
}

/**
 * A button that loads the messages before those that are shown, or the later ones that are left out between them.
 * @param {string} conversation
 * @param {string | null} cursor null: there are none
 * @param {"desc" | "asc"} [order] asc: the later ones
 * @returns {HTMLElement[]}
 */
export function moreButton(conversation, cursor, order = "desc") {
  if (!cursor) return [];
  const later = order === "asc";
  const load = async () => {
    button.disabled = true;
    const page = await loadMessages(conversation, { cursor, order }).catch(showComposerError);
    if (page && button.isConnected) {
      const messages = later ? notShown(page.items) : page.items.toReversed();
      const more = moreButton(conversation, messages.length < page.items.length ? null : page.next_cursor, order);
      replaceButton(button, later ? [...renderMessages(messages), ...more] : [...more, ...renderMessages(messages)], later);
    }
    button.disabled = false;
  };
  const button = el(later ? "button.load-earlier.gap" : "button.load-earlier", { type: "button", onclick: load }, textOf(later ? "messagesBetween" : "earlierMessages"));
  return [button];
}

/**
 * Those of these messages that are not on the page yet.
 * @param {import("../contract.js").Message[]} messages
 */
export function notShown(messages) {
  return messages.filter((message) => !itemsOfTurn(message.turn_id).some((item) => item.matches(message.role === "user" ? ".user-message" : ".answer")));
}

/**
 * Put messages in the place of a button, without moving what is below it, or what is above it if they are later ones.
 * @param {Element} button
 * @param {Element[]} items
 * @param {boolean} later
 */
function replaceButton(button, items, later) {
  const { scrollTop, scrollHeight } = log;
  following = false;
  button.replaceWith(...items);
  log.scrollTop = later ? scrollTop : log.scrollHeight - scrollHeight + scrollTop;
}
