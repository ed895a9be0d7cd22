/** State of this tab: draft and pending message over a reload, the open conversation in the URL, changes in other tabs. */

const DRAFT_KEY = "frontdesk.draft";
const PENDING_KEY = "frontdesk.sending";

/** @typedef {{message: import("./event-stream.js").OutgoingMessage, key: string}} PendingMessage with its idempotency key */
/** @typedef {"conversations" | "memory"} Topic */
/** @typedef {(topic: Topic, conversation: string | null, local: boolean) => void} ChangeListener `local`: changed in this tab */

const channel = new BroadcastChannel("frontdesk");
/** @type {ChangeListener[]} */
const listeners = [];

channel.addEventListener("message", ({ data }) => callListeners(data.topic, data.conversation, false));

/** The text that was typed but not sent. */
export function loadDraft() {
  return sessionStorage.getItem(DRAFT_KEY) ?? "";
}

/** @param {string} text */
export function saveDraft(text) {
  if (text) sessionStorage.setItem(DRAFT_KEY, text);
  else sessionStorage.removeItem(DRAFT_KEY);
}

/**
 * The message that was being sent when the page was left, if it may not have arrived.
 * @returns {PendingMessage | null}
 */
export function loadPending() {
  return JSON.parse(sessionStorage.getItem(PENDING_KEY) ?? "null");
}

/** @param {PendingMessage | null} pending null: it has arrived, or was refused */
export function savePending(pending) {
  if (pending) sessionStorage.setItem(PENDING_KEY, JSON.stringify(pending));
  else sessionStorage.removeItem(PENDING_KEY);
}

/** The id of the open conversation according to the URL; null for a new one. */
export function conversationInUrl() {
  const match = /^#c=([A-Za-z0-9_.:-]{1,128})$/.exec(location.hash);
  return match ? match[1] : null;
}

/**
 * The URL hash of a conversation.
 * @param {string | null} id
 */
export function conversationHash(id) {
  return id ? `#c=${id}` : "#";
}

/**
 * Tell all tabs, this one included, that something has changed.
 * @param {Topic} topic
 * @param {string | null} [conversation] the one that has changed
 */
export function notifyChange(topic, conversation = null) {
  channel.postMessage({ topic, conversation });
  callListeners(topic, conversation, true);
}

/** @param {ChangeListener} listener */
export function onChange(listener) {
  listeners.push(listener);
}

/** @type {ChangeListener} */
function callListeners(topic, conversation, local) {
  for (const listener of listeners) listener(topic, conversation, local);
}
