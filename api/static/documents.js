/** The section with documents: sent, searched, downloaded, read again, taken back, deleted. */

import { DocumentCard, toolButton } from "./document-card.js";
import { byId, el, replaceItems, setChildren } from "./dom.js";
import { showError } from "./finance-lists.js";
import { NetworkError, Problem, requestJson } from "./http.js";
import { icon } from "./svg.js";
import { notifyChange } from "./tab-state.js";
import { locale, textOf } from "./texts.js";
import { deleteWithUndo, deletedItem } from "./undo.js";
import { refusalOf, sendFile } from "./upload-request.js";

/** @typedef {import("../contract.js").FinanceDocument} FinanceDocument */

const PAGE_SIZE = 20;

const section = byId("documents");
const list = el("ul.documents", { "aria-label": textOf("openDocuments") });
const found = el("ul.found-pages", { "aria-label": textOf("foundPages") });
const search = el("input", { type: "search", maxlength: 200, placeholder: textOf("searchDocuments"), "aria-label": textOf("searchDocuments"), dir: "auto" });
const picker = el("input", { type: "file", multiple: true, hidden: true });
const moreButton = el("button.quiet", { type: "button", onclick: () => loadMore().catch(showError) }, textOf("showMore"));
/** @type {string | null} */
let nextCursor = null;
let searchTimer = 0;

/** Load and show the newest documents. */
export async function showDocuments() {
  const page = await requestJson(`/documents?limit=${PAGE_SIZE}`);
  if (!section.firstChild) init();
  nextCursor = page.next_cursor;
  moreButton.hidden = !nextCursor;
  replaceItems(list, page.items.length ? page.items.map(itemOf) : [el("li.empty", {}, textOf("noDocuments"))], search);
}

function init() {
  setChildren(section, el("div.list-tools", {}, search, picker, el("button.primary", { type: "button", onclick: () => picker.click() }, icon("attach"), textOf("addDocuments"))), found, list, moreButton);
  picker.addEventListener("change", () => {
    addFiles([...picker.files ?? []]);
    picker.value = ""; // the same file can be picked again
  });
  addEventListener("dragover", takeFiles);
  addEventListener("drop", takeFiles);
  search.addEventListener("input", () => {
    clearTimeout(searchTimer);
    searchTimer = setTimeout(() => findPages().catch(showError), 300);
  });
}

/** @param {DragEvent} event */
function takeFiles(event) {
  if (section.hidden || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault(); // the browser would open a dropped file
  if (event.type === "drop") addFiles([...event.dataTransfer.files]);
}

async function loadMore() {
  const page = await requestJson(`/documents?limit=${PAGE_SIZE}&cursor=${encodeURIComponent(nextCursor ?? "")}`);
  nextCursor = page.next_cursor;
  moreButton.hidden = !nextCursor;
  list.append(...page.items.map(itemOf));
}

/** Show the pages that have the words of the search, and the documents on this page whose names have them. */
async function findPages() {
  const words = search.value.trim();
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-name]"))) {
    item.hidden = !words.toLowerCase().split(/\s+/).every((word) => item.dataset.name?.includes(word));
  }
  const pages = words ? (await requestJson(`/documents/search?q=${encodeURIComponent(words)}`)).items : [];
  if (words !== search.value.trim()) return;
  const named = list.querySelector("[data-name]:not([hidden])");
  setChildren(found, ...pages.map(({ name, page, snippet, suspicious }) => el("li", {},
    el("b", { dir: "auto" }, name), el("span.small", {}, ` · ${textOf("pageNumber", { number: page })}`),
    suspicious && el("span.small", {}, " ", icon("warning"), textOf("suspicious")), el("p.snippet", { dir: "auto" }, snippet))),
    words && !pages.length && !named && el("li.empty", {}, textOf("nothingFound")));
}

/** @param {FinanceDocument} document */
function itemOf(document) {
  const path = `/documents/${document.document_id}`;
  const deleted = deletedItem(path) ?? deletedItem(`${path}/content`);
  if (deleted) return deleted;
  const card = new DocumentCard(document, tools);
  describe(card, document);
  card.saysWhose = false; // that would be two requests for each
  card.show(document);
  card.saysWhose = true;
  if (["waiting", "reading"].includes(document.status)) setTimeout(() => card.follow()); // once it is on the page
  return card.element;
}

/**
 * @param {DocumentCard} card
 * @param {FinanceDocument} document
 */
function describe({ element }, { document_id, name, created_at }) {
  element.dataset.id = document_id;
  element.dataset.name = name.toLowerCase();
  element.querySelector(".document-head")?.append(el("time.small", { datetime: created_at }, new Date(created_at).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" })));
}

/** @param {DocumentCard} card */
function tools(card) {
  const { document } = card;
  if (!document) return [];
  const path = `/documents/${document.document_id}`;
  const reading = document.status === "waiting" || document.status === "reading";
  const remove = (/** @type {string} */ what, /** @type {"documentDeleted" | "originalDeleted"} */ text) => {
    deleteWithUndo(what, card.element, textOf(text, { name: card.name }), (error) => {
      if (error) showError(error);
      else notifyChange("finances");
      showDocuments().catch(showError);
    });
  };
  /** @type {HTMLElement[]} */
  const buttons = [];
  if (document.has_content) buttons.push(toolButton("download", textOf("download"), () => card.download().catch(showError)));
  if (document.has_content && !reading) buttons.push(toolButton("retry", textOf("readAgain"), () => card.readAgain()));
  if (document.has_content && document.status === "ready") buttons.push(toolButton("close", textOf("deleteOriginal"), () => remove(`${path}/content`, "originalDeleted")));
  buttons.push(toolButton("trash", textOf("delete"), () => remove(path, "documentDeleted")));
  return buttons;
}

/** @param {File[]} files */
async function addFiles(files) {
  list.querySelector(".empty")?.remove();
  for (const file of files) {
    const card = new DocumentCard(file, tools);
    list.prepend(card.element);
    const refusal = refusalOf(file);
    if (refusal) card.showFailure(refusal);
    else await send(card, file);
  }
}

/**
 * @param {DocumentCard} card
 * @param {File} file
 */
async function send(card, file) {
  try {
    const { document, known } = await sendFile(file, (share) => card.showSending(share), new AbortController().signal);
    list.querySelector(`[data-id="${document.document_id}"]`)?.remove(); // the same file is the same document
    describe(card, document);
    card.show(document, known);
    card.follow();
  } catch (error) {
    if (!(error instanceof Problem || error instanceof NetworkError)) throw error;
    card.showFailure(error.message, () => send(card, file));
  }
}
