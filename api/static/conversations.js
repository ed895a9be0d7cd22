/** The list of conversations: open, search, rename, delete. */

import { currentConversation, openConversation } from "./chat.js";
import { byId, confirmAction, el, replaceItems } from "./dom.js";
import { employeeBySlug } from "./employees.js";
import { requestJson } from "./http.js";
import { conversationHash, notifyChange, onChange } from "./tab-state.js";
import { textOf } from "./texts.js";

const list = byId("conversations");
const searchField = byId("search-conversations");
const moreButton = byId("more-conversations");
/** @type {string | null} */
let nextCursor = null;
let requestCount = 0;
let renaming = false;
/** @type {any} */
let searchTimer = 0;

/** Make the list work, and load it. */
export async function initConversations() {
  searchField.addEventListener("input", () => {
    clearTimeout(searchTimer);
    searchTimer = setTimeout(refreshConversations, 200);
  });
  moreButton.addEventListener("click", () => loadConversations(nextCursor));
  addEventListener("conversationchange", markCurrent);
  onChange((topic) => { if (topic === "conversations") refreshConversations(); });
  await refreshConversations();
}

/** Reload the list. */
export async function refreshConversations() {
  if (renaming) return; // it would discard the title that is being typed
  await loadConversations(null);
}

/** @param {string | null} cursor null: the first page */
async function loadConversations(cursor) {
  const requestNumber = (requestCount += 1);
  const query = new URLSearchParams({ limit: "30", ...(cursor && { cursor }), ...(searchField.value.trim() && { q: searchField.value }) });
  let page;
  try {
    page = await requestJson(`/conversations?${query}`);
  } catch (error) {
    if (requestNumber === requestCount) replaceItems(list, [el("li.empty", {}, /** @type {Error} */ (error).message)], searchField);
    return;
  }
  if (requestNumber !== requestCount || (renaming && !cursor)) return; // a newer request is running, or a title is being typed
  const items = page.items.map(conversationItem);
  if (cursor) list.append(...items);
  else replaceItems(list, items.length ? items : [el("li.empty", {}, textOf(searchField.value.trim() ? "nothingFound" : "noConversations"))], searchField);
  nextCursor = page.next_cursor;
  moreButton.hidden = !nextCursor;
  markCurrent();
}

/** @param {import("../contract.js").Conversation} conversation */
function conversationItem(conversation) {
  const id = conversation.conversation_id;
  const title = conversation.title || textOf("untitled");
  const item = el("li", { "data-id": id },
    el("a", { href: conversationHash(id), dir: "auto", title }, el("span", { "aria-hidden": "true" }, `${employeeBySlug(conversation.last_employee).emoji} `), title),
    el("button.icon", { type: "button", "aria-label": textOf("renameNamed", { title }), title: textOf("rename"), onclick: () => renameConversation(item, id, title) }, "✎"),
    el("button.icon", { type: "button", "aria-label": textOf("deleteNamed", { title }), title: textOf("delete"), onclick: () => deleteConversation(id, title) }, "✕"));
  return item;
}

/**
 * @param {Element} item
 * @param {string} id
 * @param {string} title
 */
function renameConversation(item, id, title) {
  const field = el("input", { value: title, maxlength: "200", "aria-label": textOf("conversationTitle"), dir: "auto" });
  let ended = false;
  const end = async (/** @type {boolean} */ save) => {
    if (ended) return;
    ended = true;
    const newTitle = field.value.trim();
    renaming = false;
    if (save && newTitle && newTitle !== title) await requestJson(conversationPath(id), { method: "PATCH", body: { title: newTitle } }).catch(() => null);
    notifyChange("conversations", id);
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !event.isComposing) end(true);
    if (event.key === "Escape") end(false);
  });
  field.addEventListener("blur", () => end(true));
  renaming = true;
  item.replaceChildren(field);
  field.select();
}

/**
 * @param {string} id
 * @param {string} title
 */
async function deleteConversation(id, title) {
  if (!await confirmAction(textOf("deleteConversation", { title }), textOf("delete"))) return;
  await requestJson(conversationPath(id), { method: "DELETE" }).catch(() => null);
  notifyChange("conversations", id);
  notifyChange("memory");
  if (id === currentConversation()) await openConversation(null);
}

function markCurrent() {
  for (const link of list.querySelectorAll("a")) {
    if (link.getAttribute("href") === conversationHash(currentConversation())) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {string} id */
function conversationPath(id) {
  return `/conversations/${encodeURIComponent(id)}`;
}
