/** Finds a message, however far back it is, and brings it into view. */

import { byId } from "./dom.js";
import { loadMessages, moreButton, notShown, renderMessages, shownConversation, stopFollowing } from "./message-list.js";

const list = byId("messages");

/**
 * The item of a message.
 * @param {string} id of the message; a question has the id of its turn
 */
function findItem(id) {
  return /** @type {HTMLElement[]} */ ([...list.children]).find(({ dataset }) => dataset.message === id || dataset.turn === id);
}

/**
 * Have a message of the conversation on the page, however far back it is.
 * @param {string} conversation
 * @param {string} id of the message; a question has the id of its turn
 * @returns {Promise<HTMLElement | import("../contract.js").Message[] | null>} its item, or the messages of a superseded turn; null: neither
 */
export async function bringMessage(conversation, id) {
  const found = findItem(id);
  if (found) return found;
  const page = await loadMessages(conversation, { around: id }).catch(() => null);
  if (!page || shownConversation() !== conversation) return null;
  const messages = page.items.toReversed();
  if (messages[0].superseded) return messages;
  const gap = list.querySelector(".gap");
  const before = [...list.children];
  before.splice(gap ? before.indexOf(gap) + 1 : before.findIndex((item) => item.tagName !== "BUTTON"));
  for (const item of before) item.remove();
  const missing = notShown(messages);
  list.prepend(...moreButton(conversation, page.next_cursor), ...renderMessages(missing),
    ...moreButton(conversation, missing.length < messages.length ? null : page.previous_cursor, "asc"));
  return findItem(id) ?? null;
}

/**
 * Show and mark an item.
 * @param {HTMLElement} item
 */
export function markItem(item) {
  stopFollowing();
  item.classList.add("found");
  item.tabIndex = -1;
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "center" });
}

/**
 * Scroll so that an item is where another was.
 * @param {Element} item
 * @param {number} top
 */
export function placeItem(item, top) {
  stopFollowing();
  byId("log").scrollTop += item.getBoundingClientRect().top - top;
}
