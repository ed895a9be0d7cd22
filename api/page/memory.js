/** What is remembered of the person: seen, searched, corrected, forgotten, taken along. */

import { confirmed } from "./dialogs.js";
import { byId, el, relist } from "./dom.js";
import { ask, json } from "./http.js";
import { changed, onChange } from "./tabs.js";

const dialog = byId("memory");
const list = byId("facts");
const search = byId("search-memory");
const more = byId("more-facts");
const hint = byId("memory-hint");
/** @type {string | null} */
let cursor = null;
let asked = 0;
let typing = 0;

/** Make the view work. */
export function showMemory() {
  byId("open-memory").addEventListener("click", () => {
    dialog.showModal();
    refresh();
  });
  byId("close-memory").addEventListener("click", () => dialog.close());
  byId("forget-all").addEventListener("click", forgetAll);
  byId("export").addEventListener("click", takeAlong);
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(refresh, 200);
  });
  more.addEventListener("click", () => fetchPage(cursor));
  onChange((what) => { if (what === "memory" && dialog.open && !list.querySelector("textarea")) refresh(); });
}

async function refresh() {
  hint.textContent = "";
  await fetchPage(null);
}

/** @param {string | null} after */
async function fetchPage(after) {
  const mine = (asked += 1);
  const query = new URLSearchParams({ limit: "50", ...(after && { cursor: after }), ...(search.value.trim() && { q: search.value }) });
  const page = await json(`/memory?${query}`).catch(trouble);
  if (mine !== asked || !page) return;
  const lines = page.items.map(line);
  if (after) list.append(...lines);
  else relist(list, lines.length ? lines : [el("li.none", {}, search.value.trim() ? "Nothing found." : "Nothing is remembered of you yet.")], search);
  cursor = page.next_cursor;
  more.hidden = !cursor;
}

/** @param {import("../contract.js").KnownFact} one */
function line(one) {
  const since = new Date(one.created_at).toLocaleDateString(undefined, { dateStyle: "medium" });
  const item = el(one.superseded_at ? "li.past" : "li", { "data-id": one.fact_id },
    el("span.fact", { dir: "auto" }, one.fact, el("small", {}, one.superseded_at ? `no longer holds · learned ${since}` : `since ${since}`)),
    el("button.icon", { type: "button", "aria-label": `Correct: ${one.fact}`, title: "Correct", onclick: () => correct(item, one) }, "✎"),
    el("button.icon", { type: "button", "aria-label": `Forget: ${one.fact}`, title: "Forget", onclick: () => forget(one.fact_id) }, "✕"));
  return item;
}

/**
 * @param {Element} item
 * @param {import("../contract.js").LearnedFact} one
 */
function correct(item, { fact_id, fact }) {
  const field = el("textarea", { maxlength: "300", rows: "2", "aria-label": "The fact", dir: "auto" });
  field.value = fact;
  const keep = async () => {
    if (await json(`/memory/${fact_id}`, { method: "PATCH", body: { fact: field.value.trim() } }).then(() => true, trouble)) done();
  };
  const done = () => {
    refresh();
    changed("memory");
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      keep();
    }
    if (event.key === "Escape") {
      event.preventDefault(); // which would close the whole view
      done();
    }
  });
  item.replaceChildren(field, el("button", { type: "button", onclick: keep }, "Save"), el("button.quiet", { type: "button", onclick: done }, "Cancel"));
  field.focus();
}

/** @param {string} id */
async function forget(id) {
  await json(`/memory/${id}`, { method: "DELETE" }).catch(trouble);
  changed("memory");
}

async function forgetAll() {
  if (!await confirmed("Forget everything that is remembered of you?", "Forget everything")) return;
  await json("/memory", { method: "DELETE" }).catch(trouble);
  changed("memory");
}

/** A plain link could not bring the token. */
async function takeAlong() {
  const response = await ask("/export").catch(trouble);
  if (!response) return;
  const url = URL.createObjectURL(await response.blob());
  el("a", { href: url, download: "frontdesk-export.ndjson" }).click();
  URL.revokeObjectURL(url);
}

/** @param {Error} error */
function trouble(error) {
  hint.textContent = error.message;
  return null;
}
