/** The list of conversations: open, search, pin, rename, delete. */

import { currentConversation, openConversation } from "./chat.js";
import { showComposerError } from "./composer.js";
import { dayGroup, shortTime } from "./dates.js";
import { byId, el, isEnter, replaceItems } from "./dom.js";
import { employeeBySlug, employeeIcon } from "./employees.js";
import { requestJson } from "./http.js";
import { icon } from "./svg.js";
import { conversationHash, notifyChange, onChange } from "./tab-state.js";
import { nameTab } from "./tab-title.js";
import { textOf } from "./texts.js";
import { deleteWithUndo, deletedItem, finishDeletions } from "./undo.js";

/** @typedef {import("../contract.js").ListedConversation} Conversation */

const list = byId("conversations");
const searchField = byId("search-conversations");
const moreButton = byId("more-conversations");
/** @type {Conversation[]} those that are shown */
let conversations = [];
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
  await finishDeletions();
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
  if (requestNumber !== requestCount || renaming) return; // a newer request is running, or a title is being typed
  conversations = cursor ? [...conversations, ...page.items] : page.items;
  nextCursor = page.next_cursor;
  moreButton.hidden = !nextCursor;
  showConversations();
}

/** Show them in groups, or as they were found. */
function showConversations() {
  /** @type {HTMLElement[]} */
  const items = [];
  let last = "";
  for (const conversation of conversations) {
    const group = conversation.match ? "" : conversation.pinned ? textOf("pinned") : dayGroup(new Date(conversation.updated_at));
    if (group !== last) items.push(el("li.group", {}, el("h2", {}, group)));
    last = group;
    items.push(deletedItem(conversationPath(conversation.conversation_id)) ?? conversationItem(conversation));
  }
  replaceItems(list, items.length ? items : [el("li.empty", {}, textOf(searchField.value.trim() ? "nothingFound" : "noConversations"))], searchField);
  markCurrent();
}

/** @param {Conversation} conversation */
function conversationItem({ conversation_id: id, title: given, last_employee, updated_at, pinned, snippet, match }) {
  const title = given || textOf("untitled");
  const found = match?.message_id ? match : null;
  const item = el("li", { "data-id": id },
    el("a", { href: conversationHash(id, found?.message_id), title, "aria-current": id === currentConversation() && "page" },
      el("span.title", { dir: "auto" }, employeeIcon(last_employee), " ", ...(match && !found ? marked(match) : [title])),
      el("time", { datetime: updated_at }, shortTime(new Date(updated_at))),
      el("span.snippet", { dir: "auto" }, ...(found ? marked(found) : [snippet]))),
    el("span.actions", {},
      el("button.icon", { type: "button", "aria-label": textOf("pinNamed", { title }), "aria-pressed": String(pinned), title: textOf(pinned ? "unpin" : "pin"), onclick: () => changeConversation(id, { pinned: !pinned }) }, icon("pin")),
      el("button.icon", { type: "button", "aria-label": textOf("renameNamed", { title }), title: textOf("rename"), onclick: () => renameConversation(item, id, title) }, icon("pencil")),
      el("button.icon", { type: "button", "aria-label": textOf("deleteNamed", { title }), title: textOf("delete"), onclick: () => deleteConversation(id, item) }, icon("trash"))));
  return item;
}

/**
 * A piece of text with the words marked that were searched for.
 * @param {import("../contract.js").Match} match
 */
function marked({ text, positions }) {
  const characters = [...text]; // positions count characters, strings count UTF-16
  const piece = (/** @type {number} */ start, /** @type {number} */ end) => characters.slice(start, end).join("");
  let end = 0;
  const nodes = positions.flatMap(([from, to]) => {
    const before = piece(end, from);
    end = to;
    return [before, el("mark", {}, piece(from, to))];
  });
  return [...nodes, piece(end, characters.length)];
}

/**
 * @param {string} id
 * @param {{title?: string, pinned?: boolean}} changes
 */
async function changeConversation(id, changes) {
  await requestJson(conversationPath(id), { method: "PATCH", body: changes }).catch(showComposerError);
  notifyChange("conversations", id);
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
    if (save && newTitle && newTitle !== title) await changeConversation(id, { title: newTitle });
    else showConversations();
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (isEnter(event)) end(true);
    if (event.key !== "Escape") return;
    event.preventDefault(); // or it would close the drawer
    end(false);
  });
  field.addEventListener("blur", () => end(true));
  renaming = true;
  item.replaceChildren(field);
  field.select();
}

/**
 * @param {string} id
 * @param {HTMLElement} item
 */
function deleteConversation(id, item) {
  deleteWithUndo(conversationPath(id), item, textOf("conversationDeleted"), async (error) => {
    notifyChange("conversations", id);
    notifyChange("memory");
    if (error) showComposerError(error);
    else if (id === currentConversation()) await openConversation(null);
  });
}

function markCurrent() {
  const current = currentConversation();
  const details = conversations.find(({ conversation_id: id }) => id === current);
  if (details || !current) nameTab(details?.title ?? "", details?.last_employee ? employeeBySlug(details.last_employee).name : "");
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("li[data-id]"))) {
    if (item.dataset.id === current) item.querySelector("a")?.setAttribute("aria-current", "page");
    else item.querySelector("a")?.removeAttribute("aria-current");
  }
}

/** @param {string} id */
function conversationPath(id) {
  return `/conversations/${encodeURIComponent(id)}`;
}
