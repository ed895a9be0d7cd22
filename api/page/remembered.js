/** What a tab keeps over a reload: what is typed, and the message whose arrival nobody knows of. */

const DRAFT = "frontdesk.draft";
const UNDER_WAY = "frontdesk.sending";

/** @typedef {{message: import("./turn.js").Message, key: string}} UnderWay */

/** What was typed and not sent. */
export function draft() {
  return sessionStorage.getItem(DRAFT) ?? "";
}

/** @param {string} text */
export function keepDraft(text) {
  if (text) sessionStorage.setItem(DRAFT, text);
  else sessionStorage.removeItem(DRAFT);
}

/**
 * The message that was being sent when the page was left.
 * @returns {UnderWay | null}
 */
export function underWay() {
  return JSON.parse(sessionStorage.getItem(UNDER_WAY) ?? "null");
}

/** @param {UnderWay | null} sending null: it has arrived, or was refused */
export function keepUnderWay(sending) {
  if (sending) sessionStorage.setItem(UNDER_WAY, JSON.stringify(sending));
  else sessionStorage.removeItem(UNDER_WAY);
}

/** The open conversation, by the page's address; null for a new one. */
export function openConversation() {
  const id = /^#c=([A-Za-z0-9_.:-]{1,128})$/.exec(location.hash);
  return id ? id[1] : null;
}

/** @param {string | null} id */
export function address(id) {
  return id ? `#c=${id}` : "#";
}
