/** The side panel with what a tool computed: in words, its figures, a chart, its rows, and the transactions behind it. */

import "./finance-assets.js";
import { barChart } from "./bar-chart.js";
import { el, openModal, setChildren, setText } from "./dom.js";
import { NetworkError, Problem, requestJson } from "./http.js";
import { download, formatAmount, formatDay, formatFigure, saveAs } from "./money.js";
import { csvOf, sortableTable } from "./result-table.js";
import { translatedResult } from "./result-texts.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").Reference} Reference */

/** Transactions that are shown at once. */
const PAGE_SIZE = 50;

/** @type {HTMLDialogElement} */
const panel = el("dialog.side-panel", { "aria-labelledby": "panel-title" });
const title = el("h2", { id: "panel-title" });
const status = el("p", { role: "status" });
const body = el("div.panel-body");
panel.append(el("header", {}, title, el("button.icon", { type: "button", "aria-label": textOf("close"), onclick: () => panel.close() }, icon("close"))), status, body);
panel.addEventListener("click", (/** @type {MouseEvent} */ event) => { if (event.target === panel) panel.close(); }); // beside it
document.body.append(panel);

/** @param {string} id of the reference */
export async function openReference(id) {
  setText(title, textOf("result"));
  openModal(panel);
  await load(id);
}

/** @param {string} id */
async function load(id) {
  setText(status, textOf("loading"));
  setChildren(body);
  try {
    const reference = translatedResult(await requestJson(`/references/${id}`));
    setText(title, reference.words);
    setText(status, reference.changed ? textOf("figuresChanged") : "");
    status.classList.toggle("changed", reference.changed);
    setChildren(body, ...contentOf(reference));
  } catch (error) {
    showError(error);
    setChildren(body, el("button", { type: "button", onclick: () => load(id) }, icon("retry"), textOf("tryAgain")));
  }
}

/** @param {Reference} reference */
function contentOf(reference) {
  const { figures, rows, row_count, method, notes, transactions, created_at } = reference;
  const chart = barChart(reference);
  const inRows = new Set(rows.map(([name]) => name));
  const others = figures.filter(({ name }) => !inRows.has(name)); // what a row says, its table and the chart show
  return [
    others.length > 0 && el("dl.figures", {}, ...others.map((figure) => el("div", {}, el("dt", { dir: "auto" }, figure.name), el("dd", {}, formatFigure(figure))))),
    chart,
    rows.length > 0 && el("section", { "aria-label": textOf("resultRows") }, ...sortableTable(reference),
      row_count > rows.length && el("p.small", {}, textOf("firstRows", { count: rows.length, total: row_count })),
      csvButton(async () => saveAs(new Blob([csvOf(reference)], { type: "text/csv" }), "frontdesk-result.csv"))),
    transactions !== null && behind(transactions),
    el("p.small", {}, method),
    notes.length > 0 && el("ul.small.notes", {}, ...notes.map((note) => el("li", {}, note))),
    el("p.small", {}, textOf("computedAt", { time: formatDay(created_at) })),
  ];
}

/**
 * The transactions that a result is of, loaded when they are wanted.
 * @param {string} query
 */
function behind(query) {
  /** @type {string | null} */
  let cursor = null;
  const list = el("ul.transactions-behind");
  const load = async () => {
    more.disabled = true;
    try {
      const page = await requestJson(`/transactions?${query}&limit=${PAGE_SIZE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      list.append(...page.items.map(({ booked_on, counterparty, text, amount, currency }) => el("li", {},
        el("span.small", {}, formatDay(booked_on)), el("span", { dir: "auto" }, counterparty || text), el("span.number", {}, formatAmount(amount, currency)))));
      if (!page.items.length && !cursor) setText(empty, textOf("nothingFound"));
      cursor = page.next_cursor;
      more.hidden = !cursor;
    } catch (error) {
      showError(error);
    }
    more.disabled = false;
  };
  const more = el("button.quiet", { type: "button", onclick: load }, textOf("showMore"));
  const empty = el("p.small", { role: "status" });
  const details = el("details", { ontoggle: () => { if (details.open && !list.firstChild) load(); } }, el("summary", {}, textOf("transactionsBehind")),
    list, empty, more, el("p.links", {}, el("a", { href: `/finances?${query}` }, textOf("openInTransactions")), csvButton(() => download(`/transactions/csv?${query}`, "frontdesk-transactions.csv"))));
  return details;
}

/** @param {() => Promise<void>} save */
function csvButton(save) {
  return el("button.quiet", { type: "button", "aria-label": textOf("downloadCsv"), onclick: () => save().catch(showError) }, icon("download"), "CSV");
}

/** @param {unknown} error */
function showError(error) {
  if (!(error instanceof Problem || error instanceof NetworkError)) throw error;
  setText(status, error.message);
}
