/** What is in the memory dialog: the remembered facts, to look through, search, edit and forget. */

import { byId, el, isEnter, replaceItems } from "./dom.js";
import { factPath } from "./facts.js";
import { requestJson } from "./http.js";
import { icon } from "./svg.js";
import { conversationHash, notifyChange, onChange } from "./tab-state.js";
import { locale, textOf } from "./texts.js";
import { deleteWithUndo, deletedItem } from "./undo.js";

/** @typedef {import("../contract.js").Fact} Fact */

const dialog = byId("memory");
const list = byId("facts");
const searchField = byId("search-memory");
const moreButton = byId("more-facts");
const errorText = byId("memory-error");
/** Where DELETE forgets everything. */
const ALL_FACTS = "/memory";
/** @type {string | null} */
let nextCursor = null;
let requestCount = 0;
let searchTimer = 0;

/** Make the memory dialog work. */
function init() {
  byId("forget-all").addEventListener("click", forgetAllFacts);
  searchField.addEventListener("input", () => {
    clearTimeout(searchTimer);
    searchTimer = setTimeout(refreshFacts, 200);
  });
  moreButton.addEventListener("click", () => loadFacts(nextCursor));
  onChange((topic) => { if (topic === "memory" && dialog.open && !list.querySelector("textarea")) refreshFacts(); });
}

/** Show the first page of facts anew. */
export async function refreshFacts() {
  errorText.textContent = "";
  await loadFacts(null);
}

/** @param {string | null} cursor null: the first page */
async function loadFacts(cursor) {
  const requestNumber = (requestCount += 1);
  const query = new URLSearchParams({ limit: "50", ...(cursor && { cursor }), ...(searchField.value.trim() && { q: searchField.value }) });
  const page = await requestJson(`/memory?${query}`).catch(showFactsError);
  if (requestNumber !== requestCount || !page) return;
  const all = deletedItem(ALL_FACTS);
  const items = all ? [all] : page.items.map((fact) => deletedItem(factPath(fact.fact_id)) ?? factItem(fact));
  if (cursor) list.append(...items);
  else replaceItems(list, items.length ? items : [el("li.empty", {}, textOf(searchField.value.trim() ? "nothingFound" : "nothingRemembered"))], searchField);
  nextCursor = all ? null : page.next_cursor;
  moreButton.hidden = !nextCursor;
  byId("forget-all").hidden = Boolean(all) || !list.querySelector("[data-id]");
}

/** @param {import("../contract.js").MemoryFact} fact */
function factItem({ fact_id, fact, created_at, superseded_at, conversation_id, source_message_id }) {
  const date = new Date(created_at).toLocaleDateString(locale, { dateStyle: "medium" });
  const source = conversation_id && el("a", { href: conversationHash(conversation_id, source_message_id), onclick: () => dialog.close() }, textOf("whereSaid"));
  const item = el(superseded_at ? "li.superseded" : "li", { "data-id": fact_id },
    el("span.fact", { dir: "auto" }, fact),
    el("button.icon", { type: "button", "aria-label": textOf("editNamed", { fact }), title: textOf("edit"), onclick: () => editFact(item, { fact_id, fact }) }, icon("pencil")),
    el("button.icon", { type: "button", "aria-label": textOf("forgetNamed", { fact }), title: textOf("forget"), onclick: () => forgetFact(fact_id, item) }, icon("trash")),
    el("small", {}, textOf(superseded_at ? "outdated" : "learnedOn", { date }), source && " · ", source));
  return item;
}

/**
 * @param {Element} item
 * @param {Fact} fact
 */
function editFact(item, { fact_id, fact }) {
  const field = el("textarea", { maxlength: "300", rows: "2", "aria-label": textOf("fact"), dir: "auto" });
  field.value = fact;
  const save = async () => {
    if (await requestJson(factPath(fact_id), { method: "PATCH", body: { fact: field.value.trim() } }).then(() => true, showFactsError)) close();
  };
  const close = () => {
    refreshFacts();
    notifyChange("memory");
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (isEnter(event) && !event.shiftKey) {
      event.preventDefault();
      save();
    }
    if (event.key === "Escape") {
      event.preventDefault(); // or the dialog would close
      close();
    }
  });
  item.replaceChildren(field, el("button", { type: "button", onclick: save }, textOf("save")), el("button.quiet", { type: "button", onclick: close }, textOf("cancel")));
  field.focus();
}

/**
 * @param {string} id
 * @param {HTMLElement} item
 */
function forgetFact(id, item) {
  deleteWithUndo(factPath(id), item, textOf("forgotten"), (error) => {
    notifyChange("memory");
    if (error) showFactsError(error);
  });
}

function forgetAllFacts() {
  const item = el("li", {});
  list.replaceChildren(item);
  deleteWithUndo(ALL_FACTS, item, textOf("allForgotten"), (error) => {
    notifyChange("memory");
    if (error) showFactsError(error);
  }, () => {
    byId("forget-all").hidden = false;
    refreshFacts();
  });
  byId("forget-all").hidden = moreButton.hidden = true; // not before, or nothing would be focused that undo can return to
}

/** @param {Error} error */
function showFactsError(error) {
  errorText.textContent = error.message;
  return null;
}

init();
