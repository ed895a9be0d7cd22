/** State of this tab: pending message over a reload, the open conversation in the URL, changes in other tabs. */

const PENDING_KEY = "frontdesk.sending";
const EDIT_KEY = "frontdesk.editing";

/** @typedef {{message: import("./event-stream.js").OutgoingMessage, key: string}} PendingMessage with its idempotency key */
/** @typedef {{conversation: string, turn: string, text: string}} Edit a sent message that is being changed */
/** @typedef {"conversations" | "memory" | "finances"} Topic */
/** @typedef {(topic: Topic, conversation: string | null, local: boolean) => void} ChangeListener `local`: changed in this tab */

const channel = new BroadcastChannel("frontdesk");
/** @type {ChangeListener[]} */
const listeners = [];

channel.addEventListener("message", ({ data }) => callListeners(data.topic, data.conversation, false));

/**
 * The message that was being sent when the page was left, if it may not have arrived.
 * @returns {PendingMessage | null}
 */
export function loadPending() {
  return JSON.parse(sessionStorage.getItem(PENDING_KEY) ?? "null");
}

/** @param {PendingMessage | null} pending null: it has arrived, or was refused */
export function savePending(pending) {
  save(PENDING_KEY, pending);
}

/**
 * The sent message that is being changed.
 * @returns {Edit | null}
 */
export function loadEdit() {
  return JSON.parse(sessionStorage.getItem(EDIT_KEY) ?? "null");
}

/** @param {Edit | null} edit null: it was sent, or left */
export function saveEdit(edit) {
  save(EDIT_KEY, edit);
}

/**
 * @param {string} key
 * @param {object | null} value null: nothing
 */
function save(key, value) {
  sessionStorage.removeItem(key);
  try {
    if (value) sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* there is no room: a reload loses it */ }
}

/** The id of the open conversation according to the URL; null for a new one. */
export function conversationInUrl() {
  return hashParts().conversation ?? null;
}

/** The id of the message to show first, according to the URL; null: the newest. */
export function messageInUrl() {
  return hashParts().message ?? null;
}

/** @returns {{conversation?: string, message?: string}} */
function hashParts() {
  return /^#c=(?<conversation>[A-Za-z0-9_.:-]{1,128})(?:&m=(?<message>[0-9a-f-]{36}))?$/.exec(location.hash)?.groups ?? {};
}

/**
 * The URL hash of a conversation.
 * @param {string | null} id
 * @param {string | null} [message] the id of the message to show first
 */
export function conversationHash(id, message = null) {
  if (!id) return "#";
  return message ? `#c=${id}&m=${message}` : `#c=${id}`;
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
