/** Bars of a result: upright by month, lying by category and the like. The table below has the same figures as text. */

import { el } from "./dom.js";
import { formatAmount, formatCell, formatMonth } from "./money.js";
import { currencyOf } from "./result-table.js";
import { ticks } from "./shapes.js";
import { svg } from "./svg.js";
import { locale, textOf } from "./texts.js";

/** @typedef {import("../contract.js").Reference} Reference */
/** @typedef {{key: string, title: string, value: number, text: string}} Bar */

/** Columns whose rows people compare with their eyes. */
const COMPARED = ["Month", "Category", "Merchant", "Account"];
const MOST_BARS = 12;
const HEIGHT = 160;
const ROW = 40;
const compact = new Intl.NumberFormat(locale, { notation: "compact" });

/**
 * @param {Reference} reference
 * @returns {HTMLElement | null} null: nothing to compare
 */
export function barChart({ columns, rows, words }) {
  const value = columns.findIndex(({ kind }) => kind === "amount");
  if (!COMPARED.includes(columns[0]?.name) || value < 0 || rows.length < 2) return null;
  const upright = columns[0].name === "Month";
  const currencies = [...new Set(rows.map((row) => currencyOf(columns, row)))];
  const signs = new Set(rows.map((row) => Math.sign(Number(row[value]))).filter(Boolean));
  if (signs.size > 1) return null; // lengths would not say which is spent and which received
  return el("div.charts", {}, ...currencies.map((currency) => {
    const bars = rows.filter((row) => currencyOf(columns, row) === currency && row[value] !== null).map((row) => ({
      key: row[0] ?? "", title: formatCell(row[0], columns[0].kind, currency), value: Math.abs(Number(row[value])), text: formatAmount(row[value] ?? "", currency),
    }));
    const shown = upright ? bars.slice(-24) : bars.slice(0, MOST_BARS);
    const name = textOf("chartOf", { words: [words, currencies.length > 1 && currency].filter(Boolean).join(", ") });
    return upright ? uprightBars(name, shown) : lyingBars(name, shown);
  }));
}

/**
 * @param {string} name
 * @param {Bar[]} bars
 */
function lyingBars(name, bars) {
  const most = Math.max(...bars.map(({ value }) => value)) || 1;
  return image(name, bars.length * ROW, ...bars.flatMap(({ title, value, text }, index) => [
    svg("text.label", { x: 0, y: index * ROW + 15 }, shortened(title)),
    svg("text.amount", { x: "100%", y: index * ROW + 15, "text-anchor": "end" }, text),
    svg("rect", { x: 0, y: index * ROW + 21, width: `${(100 * value) / most}%`, height: 10, rx: 3 }),
  ]));
}

/**
 * @param {string} name
 * @param {Bar[]} bars
 */
function uprightBars(name, bars) {
  const steps = ticks(Math.max(...bars.map(({ value }) => value)));
  const most = steps[steps.length - 1];
  const slot = 88 / bars.length;
  const every = Math.ceil(bars.length / 6);
  const top = (/** @type {number} */ value) => 10 + HEIGHT * (1 - value / most);
  return image(name, HEIGHT + 32,
    ...steps.flatMap((step) => [
      svg("line", { x1: "12%", x2: "100%", y1: top(step), y2: top(step) }),
      svg("text.label", { x: "11%", y: top(step) + 4, "text-anchor": "end" }, compact.format(step)),
    ]),
    ...bars.flatMap(({ key, title, value, text }, index) => [
      svg("rect", { x: `${12 + slot * (index + 0.15)}%`, width: `${slot * 0.7}%`, y: top(value), height: 10 + HEIGHT - top(value), rx: 2 }, svg("title", {}, `${title}: ${text}`)),
      ...(index % every ? [] : [svg("text.label", { x: `${12 + slot * (index + 0.5)}%`, y: HEIGHT + 28, "text-anchor": "middle" }, monthLabel(key, index))]),
    ]));
}

/**
 * @param {string} name
 * @param {number} height
 * @param {...SVGElement} children
 */
function image(name, height, ...children) {
  return el("div.chart", { dir: "ltr" }, svg("svg", { role: "img", "aria-label": name, width: "100%", height }, ...children));
}

/**
 * The month at the axis, with its year where that begins.
 * @param {string} month
 * @param {number} index
 */
function monthLabel(month, index) {
  return formatMonth(month, index === 0 || month.endsWith("-01"));
}

/** @param {string} label */
function shortened(label) {
  return label.length > 28 ? `${label.slice(0, 27)}…` : label;
}
