/** The table of a result: sorted by any column, and filtered. */

import { el, setChildren } from "./dom.js";
import { formatCell } from "./money.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").Column} Column */
/** @typedef {{words: string, columns: Column[], rows: (string | null)[][]}} Table */

/**
 * @param {Table} table
 * @returns {HTMLElement}
 */
export function resultTable({ words, columns, rows }) {
  return scrolling(words, el("table", {}, el("thead", {}, el("tr", {}, ...columns.map((column) => el(cellOf(column, "th"), { scope: "col" }, column.label ?? column.name)))), bodyOf(columns, rows)));
}

/**
 * The same with a field that filters it and headings that sort it.
 * @param {Table} table
 * @returns {HTMLElement[]}
 */
export function sortableTable({ words, columns, rows }) {
  let sorted = { column: -1, descending: false };
  const search = el("input", { type: "search", "aria-label": textOf("filterRows"), placeholder: textOf("filterRows"), dir: "auto" });
  const place = el("div");
  const empty = el("p.small", { role: "status" });
  const headings = columns.map((column, index) => el(cellOf(column, "th"), { scope: "col" },
    el("button.sort", { type: "button", onclick: () => {
      sorted = { column: index, descending: sorted.column === index ? !sorted.descending : column.kind !== "text" };
      show();
    } }, column.label ?? column.name)));
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...headings)));
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => words.every((word) => textOfRow(columns, row).includes(word)));
    headings.forEach((heading, index) => {
      if (index === sorted.column) heading.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    });
    table.tBodies[0]?.remove();
    table.append(bodyOf(columns, sortRows(columns, found, sorted)));
    empty.textContent = found.length ? "" : textOf("nothingFound");
  };
  search.addEventListener("input", show);
  show();
  setChildren(place, scrolling(words, table), empty);
  return rows.length > 5 ? [search, place] : [place];
}

/**
 * @param {string} name
 * @param {HTMLElement} table
 */
function scrolling(name, table) {
  return el("div.scroll", { tabindex: 0, role: "region", "aria-label": name }, table);
}

/**
 * @param {Column[]} columns
 * @param {(string | null)[][]} rows
 */
function bodyOf(columns, rows) {
  return el("tbody", {}, ...rows.map((row) => el("tr", {}, ...columns.map((column, index) =>
    el(cellOf(column, "td"), { dir: column.kind === "text" ? "auto" : null }, formatCell(row[index], column.kind, currencyOf(columns, row)))))));
}

/**
 * @template {"th" | "td"} Tag
 * @param {Column} column
 * @param {Tag} tag
 * @returns {Tag | `${Tag}.number` | `${Tag}.day`}
 */
function cellOf({ kind }, tag) {
  if (kind === "date") return `${tag}.day`;
  return kind === "text" ? tag : `${tag}.number`;
}

/**
 * The currency of a row: that of its column, as results name it.
 * @param {Column[]} columns
 * @param {(string | null)[]} row
 */
export function currencyOf(columns, row) {
  const index = columns.findIndex(({ name }) => name === "Currency");
  return index < 0 ? null : row[index];
}

/**
 * @param {Column[]} columns
 * @param {(string | null)[]} row
 */
function textOfRow(columns, row) {
  return columns.map(({ kind }, index) => formatCell(row[index], kind, currencyOf(columns, row))).join(" ").toLowerCase();
}

/**
 * @param {Column[]} columns
 * @param {(string | null)[][]} rows
 * @param {{column: number, descending: boolean}} sorted
 */
function sortRows(columns, rows, { column, descending }) {
  if (column < 0) return rows;
  const { kind } = columns[column];
  const numeric = kind === "amount" || kind === "number" || kind === "percent";
  const compare = (/** @type {string} */ one, /** @type {string} */ other) => numeric ? Number(one) - Number(other) : one.localeCompare(other);
  return rows.toSorted((one, other) => (descending ? -1 : 1) * compare(one[column] ?? "", other[column] ?? ""));
}

/**
 * The table as CSV (RFC 4180), with headings and texts in the language of the page, and values as programs read them.
 * @param {Table} table
 */
export function csvOf({ columns, rows }) {
  const lines = [columns.map(({ label, name }) => csvText(label ?? name)), ...rows.map((row) => row.map((cell, index) => csvCell(cell, columns[index].kind)))];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

/**
 * @param {string | null} cell
 * @param {Column["kind"]} kind
 */
function csvCell(cell, kind) {
  return kind === "text" || cell === null ? csvText(cell ?? "") : cell;
}

/** @param {string} text a spreadsheet would compute one that begins like a formula */
function csvText(text) {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
