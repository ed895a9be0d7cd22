/** Drafts: what is typed, pasted and chosen in each conversation. This browser keeps them until they are sent. */

/** Signing out removes what begins with it. */
const PREFIX = "frontdesk.draft.";

/** Drafts that are kept; beyond it the oldest goes. */
const MOST = 50;

/** @typedef {{text: string, pastes: string[], employee: string}} Draft `employee`: a slug; empty: the best match */

/**
 * @param {string | null} conversation null: a new one
 * @returns {Draft}
 */
export function loadDraft(conversation) {
  const { text = "", pastes = [], employee = "" } = parse(PREFIX + (conversation ?? ""));
  return { text, pastes, employee };
}

/**
 * Keep a draft; one without anything is removed.
 * @param {string | null} conversation
 * @param {Draft} draft
 */
export function saveDraft(conversation, draft) {
  const key = PREFIX + (conversation ?? "");
  if (!draft.text && !draft.pastes.length && !draft.employee) {
    localStorage.removeItem(key);
    return;
  }
  try {
    if (!localStorage.getItem(key)) removeOldest();
    localStorage.setItem(key, JSON.stringify({ ...draft, at: Date.now() }));
  } catch { /* there is no room: it stays on the page only */ }
}

function removeOldest() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  if (keys.length < MOST) return;
  const [oldest] = keys.sort((one, other) => (parse(one).at ?? 0) - (parse(other).at ?? 0));
  localStorage.removeItem(oldest);
}

/**
 * @param {string} key
 * @returns {Partial<Draft & {at: number}>}
 */
function parse(key) {
  return JSON.parse(localStorage.getItem(key) ?? "{}");
}
