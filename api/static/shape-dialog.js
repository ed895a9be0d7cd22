/** The dialog in which is corrected how a table was read. */

import "./finance-assets.js";
import { columnName, dateExample } from "./document-card.js";
import { el, openModal, setChildren } from "./dom.js";
import { requestJson } from "./http.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").TableShape} TableShape */

/** What files write days as, besides what was found. */
const DATE_FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%Y%m%d", "%d %b %Y"];

/** @type {HTMLDialogElement} */
const dialog = el("dialog.correction", { "aria-labelledby": "correction-title" });
document.body.append(dialog);

/**
 * Ask how the table of a document is to be read.
 * @param {import("../contract.js").FinanceDocument} document
 * @returns {Promise<{shape: TableShape, account_id?: string} | null>} null: it stays as it is
 */
export async function correctShape({ name, understood }) {
  if (!understood) return null;
  const { shape, header } = understood;
  const accounts = await requestJson("/accounts").then(({ items }) => items, () => []);
  const fields = fieldsOf(shape, header);
  const account = select([["", textOf("accountAsRead")], ...accounts.map((one) => /** @type {[string, string]} */ ([one.account_id, one.name]))], "");
  const form = el("form", { method: "dialog" },
    el("header", {}, el("h2", { id: "correction-title" }, textOf("correctTitle")),
      el("button.icon", { value: "no", "aria-label": textOf("close"), formnovalidate: true }, icon("close"))),
    el("p.small", { dir: "auto" }, name),
    el("div.fields", {},
      row(textOf("date"), fields.booked_on), row(textOf("dateFormat"), fields.date_format),
      row(textOf("amount"), fields.amount), row(textOf("spentColumn"), fields.debit), row(textOf("receivedColumn"), fields.credit),
      row(textOf("decimalMark"), fields.decimal_mark), row(textOf("sign"), fields.negated),
      row(textOf("counterparty"), fields.counterparty), row(textOf("currency"), fields.currency), row(textOf("account"), account)),
    textColumns(shape, header, fields.text),
    el("p.small", {}, textOf("correctionNote")),
    el("footer", {}, el("button", { value: "no", formnovalidate: true }, textOf("cancel")), el("button.primary", { value: "yes" }, textOf("readAgain"))));
  setChildren(dialog, form);
  if (await openModal(dialog) !== "yes") return null;
  return { shape: changed(shape, fields), ...(account.value && { account_id: account.value }) };
}

/**
 * A field for each part of the shape that can be corrected.
 * @param {TableShape} shape
 * @param {string[]} header
 */
function fieldsOf(shape, header) {
  const used = [shape.booked_on, shape.amount, shape.debit, shape.credit, shape.counterparty, shape.currency, ...shape.text];
  const width = Math.max(header.length, ...used.map((index) => (index ?? -1) + 1));
  const columns = Array.from({ length: width }, (_, index) => /** @type {[string, string]} */ ([String(index), columnName(header, index)]));
  const column = (/** @type {number | null | undefined} */ index) => select([["", textOf("noColumn")], ...columns], String(index ?? ""));
  const formats = [...new Set([shape.date_format ?? DATE_FORMATS[0], ...DATE_FORMATS])];
  return {
    booked_on: select(columns, String(shape.booked_on)),
    date_format: select(formats.map((format) => [format, dateExample(format)]), formats[0]),
    amount: column(shape.amount), debit: column(shape.debit), credit: column(shape.credit),
    decimal_mark: select([[".", "1,234.50"], [",", "1.234,50"]], shape.decimal_mark ?? "."),
    negated: select([["", textOf("spentIsNegative")], ["yes", textOf("spentIsPositive")]], shape.negated ? "yes" : ""),
    counterparty: column(shape.counterparty), currency: column(shape.currency),
    text: columns.map(([index]) => el("input", { type: "checkbox", value: index, checked: shape.text.includes(Number(index)) })),
  };
}

/**
 * @param {TableShape} shape
 * @param {string[]} header
 * @param {HTMLInputElement[]} boxes
 */
function textColumns(shape, header, boxes) {
  return el("fieldset.text-columns", {}, el("legend", {}, textOf("bankText")),
    ...boxes.map((box) => el("label", {}, box, el("span", { dir: "auto" }, columnName(header, Number(box.value))))));
}

/**
 * @param {TableShape} shape
 * @param {ReturnType<typeof fieldsOf>} fields
 * @returns {TableShape}
 */
function changed(shape, fields) {
  const column = (/** @type {HTMLSelectElement} */ { value }) => value === "" ? null : Number(value);
  return {
    ...shape,
    booked_on: Number(fields.booked_on.value), date_format: fields.date_format.value,
    amount: column(fields.amount), debit: column(fields.debit), credit: column(fields.credit),
    decimal_mark: fields.decimal_mark.value === "," ? "," : ".", negated: fields.negated.value !== "",
    counterparty: column(fields.counterparty), currency: column(fields.currency),
    text: fields.text.filter(({ checked }) => checked).map(({ value }) => Number(value)),
  };
}

/**
 * @param {[string, string][]} options value and text
 * @param {string} value
 */
function select(options, value) {
  const field = el("select", {}, ...options.map(([key, text]) => el("option", { value: key }, text)));
  field.value = value;
  return field;
}

/**
 * @param {string} name
 * @param {HTMLElement} field
 */
function row(name, field) {
  return el("label.field", {}, el("span", {}, name), field);
}
