/** The list of conversations: open, search, rename, delete. */

import { current, open } from "./chat.js";
import { confirmed } from "./dialogs.js";
import { byId, el, relist } from "./dom.js";
import { employee } from "./employees.js";
import { json } from "./http.js";
import { address } from "./remembered.js";
import { changed, onChange } from "./tabs.js";

const list = byId("conversations");
const search = byId("search");
const more = byId("more");
/** @type {string | null} */
let cursor = null;
let asked = 0;
let renaming = false;
/** @type {any} */
let typing = 0;

/** Make the list work, and fill it. */
export async function listConversations() {
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(refresh, 200);
  });
  more.addEventListener("click", () => fetchPage(cursor));
  addEventListener("moved", mark);
  onChange((what) => { if (what === "conversations") refresh(); });
  await refresh();
}

/** Ask for the list anew. */
export async function refresh() {
  if (renaming) return; // a title is being typed in there
  await fetchPage(null);
}

/** @param {string | null} after */
async function fetchPage(after) {
  const mine = (asked += 1);
  const query = new URLSearchParams({ limit: "30", ...(after && { cursor: after }), ...(search.value.trim() && { q: search.value }) });
  let page;
  try {
    page = await json(`/conversations?${query}`);
  } catch (error) {
    if (mine === asked) relist(list, [el("li.none", {}, /** @type {Error} */ (error).message)], search);
    return;
  }
  if (mine !== asked || (renaming && !after)) return; // a later question is under way, or a title is being typed
  const lines = page.items.map(line);
  if (after) list.append(...lines);
  else relist(list, lines.length ? lines : [el("li.none", {}, search.value.trim() ? "Nothing found." : "No conversations yet.")], search);
  cursor = page.next_cursor;
  more.hidden = !cursor;
  mark();
}

/** @param {{conversation_id: string, title: string, last_employee: string | null, updated_at: string}} one */
function line(one) {
  const id = one.conversation_id;
  const title = one.title || "New conversation";
  const item = el("li", { "data-id": id },
    el("a", { href: address(id), dir: "auto", title }, el("span", { "aria-hidden": "true" }, `${employee(one.last_employee).emoji} `), title),
    el("button.icon", { type: "button", "aria-label": `Rename ${title}`, title: "Rename", onclick: () => rename(item, id, title) }, "✎"),
    el("button.icon", { type: "button", "aria-label": `Delete ${title}`, title: "Delete", onclick: () => remove(id, title) }, "✕"));
  return item;
}

/**
 * @param {Element} item
 * @param {string} id
 * @param {string} title
 */
function rename(item, id, title) {
  const field = el("input", { value: title, maxlength: "200", "aria-label": "Title", dir: "auto" });
  let ended = false;
  const end = async (/** @type {boolean} */ keep) => {
    if (ended) return;
    ended = true;
    const wanted = field.value.trim();
    renaming = false;
    if (keep && wanted && wanted !== title) await json(path(id), { method: "PATCH", body: { title: wanted } }).catch(() => null);
    changed("conversations", id);
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
async function remove(id, title) {
  if (!await confirmed(`Delete “${title}” with all that was said, and what was learned only there?`, "Delete")) return;
  await json(path(id), { method: "DELETE" }).catch(() => null);
  changed("conversations", id);
  changed("memory");
  if (id === current()) await open(null);
}

function mark() {
  for (const link of list.querySelectorAll("a")) {
    if (link.getAttribute("href") === address(current())) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {string} id */
function path(id) {
  return `/conversations/${encodeURIComponent(id)}`;
}
