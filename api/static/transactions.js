/** The section with transactions: filtered, summed up, loaded page by page, and categorised one by one or many at once. */

import { announce, byId, el, setChildren, setText } from "./dom.js";
import { categoryName, categorySelect, loadCategories, showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { download, formatAmount, formatDays } from "./money.js";
import { icon } from "./svg.js";
import { newTransaction, setAccounts } from "./new-transaction.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { filterForm, queryInUrl } from "./transaction-filter.js";
import { showCategory, transactionRow } from "./transaction-row.js";
import { Selection } from "./transaction-selection.js";
import { deletedItem } from "./undo.js";

/** @typedef {import("../contract.js").Transaction} Transaction */

const PAGE_SIZE = 100;

const section = byId("transactions");
const filters = el("div");
const totals = el("ul.totals", { "aria-label": textOf("sums") });
const change = el("p.change", { role: "status" });
const rows = el("tbody", { role: "rowgroup" });
const moreButton = el("button.quiet", { type: "button", onclick: () => loadMore() }, textOf("showMore"));
const empty = el("p.empty");
const entry = newTransaction(() => refresh());
const selection = new Selection(rows, categorise, matchingIds);
const table = el("table.transactions", { role: "table", "aria-label": textOf("openTransactions") },
  el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
    el("th", { role: "columnheader" }, el("label", {}, selection.all)),
    ...["date", "counterparty", "bankAccount", "category", "amount"].map((name) => el(`th.${name}`, { role: "columnheader" }, textOf(/** @type {"date"} */ (name)))))),
  rows);
/** @type {Map<string, Transaction>} those on the page */
const shown = new Map();
/** @type {string | null} */
let nextCursor = null;
let requestCount = 0;
let matching = 0;

new IntersectionObserver(([{ isIntersecting }]) => { if (isIntersecting && nextCursor) loadMore(); }, { rootMargin: "600px" }).observe(moreButton);

/** Load and show everything anew. */
export async function showTransactions() {
  await loadCategories();
  const { items: accounts } = await requestJson("/accounts");
  if (!section.firstChild) {
    const csv = el("button.quiet", { type: "button", "aria-label": textOf("downloadCsv"), onclick: () => download(`/transactions/csv?${queryInUrl()}`, "frontdesk-transactions.csv").catch(showError) }, icon("download"), "CSV");
    setChildren(section, filters, el("div.totals-line", {}, totals, csv), entry, selection.bar, change, table, empty, moreButton);
  }
  if (!filters.contains(document.activeElement)) setChildren(filters, filterForm(accounts, () => refresh().catch(showError)));
  entry.hidden = !accounts.length;
  setAccounts(accounts);
  selection.setCategories(() => categorySelect(textOf("category"), [["", textOf("noCategory")]]));
  await refresh();
}

/** Load the first page and the totals of the query in the URL. */
async function refresh() {
  const number = (requestCount += 1);
  const query = queryInUrl();
  if (!query.size && filters.querySelector("form")) byId("status").textContent = "";
  const [page, sums] = await Promise.all([requestJson(`/transactions?limit=${PAGE_SIZE}&${query}`), requestJson(`/transactions/totals?${query}`)]);
  if (number !== requestCount) return;
  showTotals(sums);
  shown.clear();
  rows.replaceChildren();
  append(page);
  table.hidden = !page.items.length;
  setText(empty, page.items.length ? "" : textOf(query.size ? "nothingFound" : "noTransactions"));
  selection.reset(matching);
}

/** @param {{items: import("../contract.js").Total[]}} sums of all that match */
function showTotals(sums) {
  setChildren(totals, ...sums.items.map(({ currency, count, spent, received, first_on, last_on }) => el("li", {},
    el("b", {}, currency), el("span", {}, textOf("transactionsCount", { count })), el("span", {}, `${textOf("spent")} `, el("b.number", {}, formatAmount(spent, currency))),
    el("span", {}, `${textOf("received")} `, el("b.number", {}, formatAmount(received, currency))), el("span.small", {}, formatDays(first_on, last_on)))));
  matching = sums.items.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Take one that was deleted out of the list. The other rows stay: one may be selected, edited, or about to be clicked.
 * @param {string} id
 */
async function drop(id) {
  shown.delete(id);
  rows.querySelector(`[data-id="${id}"]`)?.remove();
  if (!rows.firstChild) return refresh();
  const number = requestCount;
  const sums = await requestJson(`/transactions/totals?${queryInUrl()}`);
  if (number !== requestCount) return;
  showTotals(sums);
  selection.drop(id, matching);
}

async function loadMore() {
  const cursor = nextCursor;
  const number = requestCount;
  if (!cursor) return;
  nextCursor = null; // it is loaded once
  try {
    const page = await requestJson(`/transactions?limit=${PAGE_SIZE}&cursor=${encodeURIComponent(cursor)}&${queryInUrl()}`);
    if (number === requestCount) append(page);
  } catch (error) {
    nextCursor = cursor;
    showError(error);
  }
}

/** @param {import("../contract.js").Page<Transaction>} page */
function append({ items, next_cursor }) {
  nextCursor = next_cursor;
  moreButton.hidden = !nextCursor;
  for (const item of items) shown.set(item.transaction_id, item);
  rows.append(...items.map((item) => deletedItem(`/transactions/${item.transaction_id}`)?.closest("tr") ?? transactionRow(item, categorise, () => drop(item.transaction_id).catch(showError))));
}

/**
 * The ids of all that match, up to the most that are changed at once.
 * @param {number} most
 */
async function matchingIds(most) {
  /** @type {string[]} */
  const ids = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    const page = /** @type {import("../contract.js").Page<Transaction>} */ (await requestJson(`/transactions?limit=${PAGE_SIZE}&${queryInUrl()}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`));
    ids.push(...page.items.map(({ transaction_id }) => transaction_id));
    cursor = page.next_cursor;
  } while (cursor && ids.length < most);
  return ids.slice(0, most);
}

/**
 * Give transactions a category, with a button that takes it back.
 * @param {string[]} ids
 * @param {string | null} category
 */
async function categorise(ids, category) {
  const { change_id } = await requestJson("/transactions/categorise", { method: "POST", body: { transaction_ids: ids, category } });
  const before = ids.map((id) => shown.get(id)).filter((one) => one !== undefined).map((one) => ({ ...one }));
  update(before.map((one) => ({ ...one, category, category_by: "user" })));
  const text = textOf("categorised", { count: ids.length, category: categoryName(category) });
  const undo = el("button.quiet", { type: "button", "aria-label": `${text} ${textOf("undo")}`, onclick: async () => {
    undo.disabled = true;
    try {
      await requestJson(`/transactions/changes/${change_id}/undo`, { method: "POST" });
      update(before);
      setChildren(change, textOf("changeUndone"));
      notifyChange("finances");
    } catch (error) {
      undo.disabled = false;
      showError(error);
    }
  } }, textOf("undo"));
  setChildren(change, text, " ", undo);
  announce(text);
  notifyChange("finances");
}

/** @param {Transaction[]} changed */
function update(changed) {
  for (const one of changed) {
    shown.set(one.transaction_id, one);
    const row = /** @type {HTMLElement | null} */ (rows.querySelector(`[data-id="${one.transaction_id}"]`));
    if (row) showCategory(row, one, categorise);
  }
}
