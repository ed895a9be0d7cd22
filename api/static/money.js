/** How amounts, days and other figures of transactions are written, and how a table is downloaded. */

import { el } from "./dom.js";
import { request } from "./http.js";
import { locale, textOf } from "./texts.js";

/** @typedef {import("../contract.js").Figure} Figure */

const numberFormat = new Intl.NumberFormat(locale, { maximumFractionDigits: 4 });
const dayFormat = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
const monthFormat = new Intl.DateTimeFormat(locale, { month: "short", year: "numeric", timeZone: "UTC" });
const shortMonthFormat = new Intl.DateTimeFormat(locale, { month: "short", timeZone: "UTC" });
/** @type {Map<string, Intl.NumberFormat>} by currency */
const amountFormats = new Map();

/**
 * An amount. Intl reads the digits of the text, so that none is lost.
 * @param {string} value such as "-1234.50"
 * @param {string | null} currency ISO 4217
 */
export function formatAmount(value, currency) {
  if (!currency) return formatNumber(value);
  const format = amountFormats.get(currency) ?? amountFormat(currency);
  return format.format(/** @type {any} */ (value));
}

/** @param {string} currency */
function amountFormat(currency) {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency, maximumFractionDigits: 4 });
  amountFormats.set(currency, format);
  return format;
}

/** @param {string | number} value */
export function formatNumber(value) {
  return numberFormat.format(/** @type {any} */ (value));
}

/** @param {string} day such as "2026-03-01" */
export function formatDay(day) {
  return dayFormat.format(Date.parse(day));
}

/**
 * @param {string | null} first
 * @param {string | null} last
 */
export function formatDays(first, last) {
  return first && last ? dayFormat.formatRange(Date.parse(first), Date.parse(last)) : "";
}

/**
 * @param {string} month such as "2026-03"
 * @param {boolean} [withYear]
 */
export function formatMonth(month, withYear = true) {
  return (withYear ? monthFormat : shortMonthFormat).format(Date.parse(month));
}

/** @param {Pick<Figure, "value" | "currency"> & {unit?: string | null}} figure */
export function formatFigure({ value, currency, unit }) {
  switch (unit) {
    case "percent": return textOf("percentage", { value: formatNumber(value) });
    case "months": return textOf("months", { count: Number(value) });
    case "date": return formatDay(value);
    default: return formatAmount(value, currency);
  }
}

/**
 * A cell of a result's table.
 * @param {string | null} cell
 * @param {import("../contract.js").Column["kind"]} kind
 * @param {string | null} currency of its row
 */
export function formatCell(cell, kind, currency) {
  if (cell === null) return "";
  switch (kind) {
    case "amount": return formatAmount(cell, currency);
    case "number": return formatNumber(cell);
    case "percent": return textOf("percentage", { value: formatNumber(cell) });
    case "date": return formatDay(cell);
    default: return /^\d{4}-\d\d$/.test(cell) ? formatMonth(cell) : cell;
  }
}

/**
 * Save what the server sends as a file. A plain link could not send the token.
 * @param {string} path
 * @param {string} name of the file
 */
export async function download(path, name) {
  const response = await request(path);
  saveAs(await response.blob(), name);
}

/**
 * Save what this page has as a file.
 * @param {Blob} content
 * @param {string} name of the file
 */
export function saveAs(content, name) {
  const url = URL.createObjectURL(content);
  el("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
