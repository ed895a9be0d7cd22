/** A transaction as a row of the list, whose category and note are changed in place. */

import { el, setChildren } from "./dom.js";
import { categoryName, categorySelect, editInPlace, iconButton, showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { formatAmount, formatDay } from "./money.js";
import { icon } from "./svg.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { deleteWithUndo } from "./undo.js";

/** @typedef {import("../contract.js").Transaction} Transaction */

/**
 * @param {Transaction} transaction
 * @param {(ids: string[], category: string | null) => Promise<void>} categorise
 * @param {() => void} deleted is called once one that was entered by hand is gone
 */
export function transactionRow(transaction, categorise, deleted) {
  const { transaction_id, booked_on, counterparty, text, account, amount, currency, suspicious, by_hand } = transaction;
  const name = counterparty || text;
  const box = el("input", { type: "checkbox", "aria-label": textOf("selectNamed", { name: `${name}, ${formatDay(booked_on)}` }) });
  const [note, noteButton] = noteOf(transaction);
  const row = el("tr", { role: "row", "data-id": transaction_id },
    cell("select", el("label", {}, box)),
    cell("day", formatDay(booked_on)),
    cell("what", el("span.name-line", {}, el("span.counterparty", { dir: "auto" }, name), noteButton, by_hand && iconButton("trash", textOf("deleteNamed", { title: name }), remove)),
      counterparty && text && text !== counterparty && el("span.small.bank-text", { dir: "auto" }, text),
      suspicious && el("span.small.suspicious", {}, icon("warning"), textOf("suspicious")), note),
    cell("account", el("span.small", { dir: "auto" }, account)),
    cell("category"),
    cell(amount.startsWith("-") ? "amount" : "amount.received", formatAmount(amount, currency)));
  showCategory(row, transaction, categorise);
  return row;

  function remove() {
    const place = /** @type {HTMLElement} */ (row.querySelector(".what"));
    deleteWithUndo(`/transactions/${transaction_id}`, place, textOf("transactionDeleted", { name }), (error) => {
      if (error) return showError(error);
      notifyChange("finances");
      return deleted();
    });
  }
}

/**
 * @param {string} name
 * @param {...import("./dom.js").Child} children
 */
function cell(name, ...children) {
  return el(`td.${name}`, { role: "cell" }, ...children);
}

/**
 * Show a row's category: a button, and once it is pressed a select in its place.
 * @param {HTMLElement} row
 * @param {Transaction} transaction
 * @param {(ids: string[], category: string | null) => Promise<void>} categorise
 */
export function showCategory(row, transaction, categorise) {
  const { category, category_by, counterparty, text } = transaction;
  const place = /** @type {HTMLElement} */ (row.querySelector(".category"));
  const label = textOf("categoryOf", { name: counterparty || text });
  const button = el(category ? "button.quiet.menu-toggle" : "button.quiet.menu-toggle.none", {
    type: "button", "aria-label": `${label}: ${categoryName(category)}`, title: category_by && textOf(`categoryBy_${category_by}`), onclick: edit,
  }, el("span", { dir: "auto" }, categoryName(category)));
  setChildren(place, button);

  function edit() {
    const select = categorySelect(label, [["", textOf("noCategory")]]);
    select.value = category ?? "";
    let done = false;
    const close = (/** @type {boolean} */ focus) => {
      if (done) return;
      done = true;
      if (select.isConnected) setChildren(place, button);
      if (focus) /** @type {HTMLElement | null} */ (place.querySelector("button"))?.focus();
    };
    const save = () => {
      const value = select.value || null;
      if (done || value === category) return close(false);
      done = true;
      categorise([transaction.transaction_id], value).catch(showError).finally(() => {
        if (select.isConnected) setChildren(place, button);
        /** @type {HTMLElement | null} */ (place.querySelector("button"))?.focus();
      });
      return undefined;
    };
    let byKey = false; // arrows choose without saving each time
    select.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      byKey = event.key.startsWith("Arrow") || event.key.length === 1;
      if (event.key === "Escape") close(true);
      if (event.key === "Enter") {
        event.preventDefault();
        if (select.value === (category ?? "")) close(true);
        else save();
      }
    });
    select.addEventListener("pointerdown", () => { byKey = false; });
    select.addEventListener("change", () => { if (!byKey) save(); });
    select.addEventListener("blur", save);
    setChildren(place, select);
    select.focus();
    try {
      select.showPicker();
    } catch { /* the browser has none, or wants another click */ }
  }
}

/** @param {Transaction} transaction */
function noteOf(transaction) {
  const words = el("span", { dir: "auto" }, transaction.note ?? "");
  const place = el("span.note", {}, words);
  const name = transaction.counterparty || transaction.text;
  const save = async (/** @type {string} */ text) => {
    transaction.note = (await requestJson(`/transactions/${transaction.transaction_id}`, { method: "PATCH", body: { note: text || null } })).note;
    words.textContent = transaction.note ?? "";
    notifyChange("finances");
  };
  const edit = () => editInPlace(place, { label: textOf("note"), value: transaction.note ?? "", maxlength: 500, required: false }, save);
  return [place, iconButton("pencil", textOf("noteOf", { name }), edit)];
}
