/** What a tab tells the others, so that they all show the same; and its own parts, too. */

/** @typedef {"conversations" | "memory"} What */

const channel = new BroadcastChannel("frontdesk");
/** @type {((what: What, conversation: string | null, here: boolean) => void)[]} */
const listeners = [];

channel.addEventListener("message", ({ data }) => tell(data.what, data.conversation, false));

/**
 * Something was changed.
 * @param {What} what
 * @param {string | null} [conversation] in which
 */
export function changed(what, conversation = null) {
  channel.postMessage({ what, conversation });
  tell(what, conversation, true);
}

/** @param {(what: What, conversation: string | null, here: boolean) => void} listener `here`: in this very tab */
export function onChange(listener) {
  listeners.push(listener);
}

/**
 * @param {What} what
 * @param {string | null} conversation
 * @param {boolean} here
 */
function tell(what, conversation, here) {
  for (const listener of listeners) listener(what, conversation, here);
}
