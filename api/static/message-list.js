/** The message list: welcome screen or messages, earlier pages on demand, and scrolling that follows the newest one. */

import { byId, el, setChildren } from "./dom.js";
import { requestJson } from "./http.js";
import { Answer, userMessage } from "./message.js";
import { textOf } from "./texts.js";
import { welcome } from "./welcome.js";

/** Messages per page. */
const PAGE_SIZE = 30;

/** Messages per page on the way back to one that is looked for. */
const LARGE_PAGE_SIZE = 100;

/** Pixels from the bottom within which scrolling down resumes following. */
const NEAR_BOTTOM = 64;

/** The share of the remaining distance that is scrolled per frame. */
const SCROLL_STEP = 0.3;

/** @typedef {(text: string, choice?: import("./event-stream.js").EmployeeChoice) => void} Ask */
/** @typedef {import("../contract.js").Page<import("../contract.js").Message>} MessagePage newest first */

const log = byId("log");
const list = byId("messages");
const jumpButton = byId("jump-to-latest");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
let following = true;
/** @type {string | null} the conversation whose messages are shown */
let shown = null;
/** @type {((limit: number) => Promise<boolean>) | null} loads the messages before the first one; null: there are none */
let loadEarlier = null;
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

/** Whether there are no messages. */
export function isEmpty() {
  return !list.querySelector("article");
}

/** Show the screen of a new conversation. */
export function showWelcome() {
  showItems(welcome());
}

/**
 * Load a conversation's newest messages.
 * @param {string} conversation
 * @param {number} [limit]
 * @param {string} [cursor] load those before it
 * @returns {Promise<MessagePage>}
 */
export function loadMessages(conversation, limit = PAGE_SIZE, cursor = "") {
  return requestJson(`/conversations/${encodeURIComponent(conversation)}/messages?limit=${limit}&order=desc${cursor && `&cursor=${cursor}`}`);
}

/**
 * Load a conversation's newest message; undefined if it has none.
 * @param {string} conversation
 */
export async function loadNewestMessage(conversation) {
  return (await loadMessages(conversation, 1)).items[0];
}

/**
 * Show a conversation's newest messages, with a button for earlier ones.
 * @param {string} conversation
 * @param {MessagePage} page
 * @param {Ask} ask
 */
export function showMessages(conversation, page, ask) {
  showItems(...renderPage(conversation, page, ask));
  shown = conversation;
}

/**
 * @param {string} conversation
 * @param {MessagePage} page
 * @param {Ask} ask
 * @returns {Element[]}
 */
function renderPage(conversation, { items, next_cursor }, ask) {
  const messages = items.toReversed();
  /** @type {Element[]} */
  const elements = [];
  for (const [index, message] of messages.entries()) {
    const question = messages[index - 1]?.role === "user" ? messages[index - 1].content : null;
    if (message.role === "user") elements.push(userMessage(message));
    else if (question === null) elements.push(Answer.fromMessage(message, null, null).element);
    else elements.push(Answer.fromMessage(message, elements[index - 1], (choice) => ask(question, choice)).element);
  }
  loadEarlier = null;
  return next_cursor ? [earlierButton(conversation, next_cursor, ask), ...elements] : elements;
}

/**
 * @param {string} conversation
 * @param {string} cursor
 * @param {Ask} ask
 */
function earlierButton(conversation, cursor, ask) {
  const load = async (/** @type {number} */ limit) => {
    button.disabled = true;
    const page = await loadMessages(conversation, limit, cursor).catch(() => null);
    if (page && button.isConnected) replaceEarlierButton(button, renderPage(conversation, page, ask));
    button.disabled = false;
    return page !== null;
  };
  const button = el("button.load-earlier", { type: "button", onclick: () => load(PAGE_SIZE) }, textOf("earlierMessages"));
  loadEarlier = load;
  return button;
}

/**
 * Show and mark a message of the conversation that is shown, however far back it is.
 * @param {string} conversation
 * @param {string} id of the message; a question has the id of its turn
 */
export async function showMessage(conversation, id) {
  const find = () => /** @type {HTMLElement[]} */ ([...list.children]).find(({ dataset }) => dataset.message === id || dataset.turn === id);
  while (shown === conversation && !find() && loadEarlier) if (!await loadEarlier(LARGE_PAGE_SIZE)) return;
  const item = shown === conversation && find();
  if (!item) return;
  following = false;
  item.classList.add("found");
  item.tabIndex = -1;
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "center" });
}

/**
 * Put earlier messages in the place of the button, without moving what is visible.
 * @param {Element} button
 * @param {Element[]} items
 */
function replaceEarlierButton(button, items) {
  const heightBelow = log.scrollHeight - log.scrollTop;
  following = false;
  button.replaceWith(...items);
  log.scrollTop = log.scrollHeight - heightBelow;
}
