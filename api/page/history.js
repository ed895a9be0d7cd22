/** What was said before, a page at a time from the newest back. */

import { el } from "./dom.js";
import { json } from "./http.js";
import { Answer, said } from "./message.js";
import * as thread from "./thread.js";

/** Messages of a page. */
export const PAGE = 30;

/** @typedef {(text: string, employee?: string) => void} Ask */

/**
 * Where a conversation's messages are.
 * @param {string} id
 * @returns {`/conversations/${string}/messages`}
 */
export function messagesOf(id) {
  return `/conversations/${encodeURIComponent(id)}/messages`;
}

/**
 * The messages as they stand in the conversation, with a button for those before them.
 * @param {string} id the conversation's
 * @param {import("../contract.js").Page<import("../contract.js").Message>} page newest first
 * @param {Ask} ask
 * @returns {Element[]}
 */
export function shown(id, { items, next_cursor }, ask) {
  const inOrder = items.toReversed();
  const messages = inOrder.map((one, at) => {
    if (one.role === "user") return said(one);
    const question = inOrder[at - 1]?.role === "user" ? inOrder[at - 1].content : null;
    return Answer.given(one, question ? (employee) => ask(question, employee) : null).item;
  });
  return next_cursor ? [earlier(id, next_cursor, ask), ...messages] : messages;
}

/**
 * @param {string} id
 * @param {string} cursor
 * @param {Ask} ask
 */
function earlier(id, cursor, ask) {
  const button = el("button.earlier", { type: "button", onclick: async () => {
    button.disabled = true;
    const more = await json(`${messagesOf(id)}?limit=${PAGE}&order=desc&cursor=${cursor}`).catch(() => null);
    if (more) thread.addEarlier(button, shown(id, more, ask));
    button.disabled = false;
  } }, "Earlier messages");
  return button;
}
