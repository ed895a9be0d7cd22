/** Figures in an answer's text: a tool's become buttons that open its result, those that no tool computed are marked. */

import { el } from "./dom.js";
import { showExplanation } from "./explanation.js";
import { locale, textOf } from "./texts.js";

/** @typedef {import("../contract.js").ToolResult} ToolResult */
/** @typedef {{start: number, end: number, element: HTMLElement}} Place in a text */

/** A number as people write it, with its currency or per cent. */
const FIGURE = /(?<![\p{L}\d.,:/-])[-−+]?(?:(?<before>[€£¥$]|[A-Z]{3})[ \u00a0]?)?[-−]?(?<number>\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d{1,4})?|\d+(?:[.,]\d+)*)(?![\p{L}\d:/-])(?:[ \u00a0\u202f]?(?<after>%|[€£¥$]|[A-Z]{3}(?!\p{L})))?/gu;

/** Elements in which a figure stays as it is. */
const LEFT_ALONE = "a, button, code, pre, .formula";

const MONTHS = new Set(["en", "de", locale].flatMap((language) => ["long", "short"].flatMap((month) =>
  Array.from({ length: 12 }, (_, index) => new Intl.DateTimeFormat(language, { month: /** @type {"long" | "short"} */ (month) }).format(new Date(2026, index, 15)).replace(".", "").toLowerCase()))));

/**
 * Mark the figures in a text that is complete; once.
 * @param {HTMLElement} body
 * @param {ToolResult[]} results
 * @param {string[]} unverified figures as they stand in the text
 * @param {(result: ToolResult) => void} open
 */
export function markFigures(body, results, unverified, open) {
  if (body.querySelector(".figure, .unverified")) return;
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  for (const text of texts) {
    if (text.parentElement?.closest(LEFT_ALONE)) continue;
    replacePlaces(text, [...unverifiedIn(text.data, unverified), ...figuresIn(text.data, results, open)]);
  }
}

/**
 * @param {Text} text
 * @param {Place[]} places the first of two that overlap counts
 */
function replacePlaces(text, places) {
  const kept = places.filter((place, index) => !places.slice(0, index).some(({ start, end }) => place.start < end && start < place.end));
  for (const { start, end, element } of kept.sort((one, other) => other.start - one.start)) {
    text.splitText(end);
    text.splitText(start).replaceWith(element);
  }
}

/**
 * @param {string} text
 * @param {string[]} unverified
 * @returns {Place[]}
 */
function unverifiedIn(text, unverified) {
  return unverified.flatMap((figure) => {
    const start = text.indexOf(figure);
    const around = (text[start - 1] ?? "") + (text[start + figure.length] ?? "");
    if (start < 0 || /\d/.test(around)) return []; // a part of another number
    return [{ start, end: start + figure.length, element: unverifiedFigure(figure) }];
  });
}

/** @param {string} figure */
function unverifiedFigure(figure) {
  const button = el("button.unverified", { type: "button" }, figure);
  showExplanation(button, textOf("unverified"));
  return button;
}

/**
 * @param {string} text
 * @param {ToolResult[]} results
 * @param {(result: ToolResult) => void} open
 * @returns {Place[]}
 */
function figuresIn(text, results, open) {
  return [...text.matchAll(FIGURE)].flatMap((match) => {
    const result = results.find((one) => one.reference_id && one.figures.some((figure) => isSame(match, text, figure)));
    if (!result) return [];
    const element = el("button.figure", { type: "button", "aria-haspopup": "dialog", title: result.words, onclick: () => open(result) }, match[0]);
    return [{ start: match.index, end: match.index + match[0].length, element }];
  });
}

/**
 * Whether a number in a text is this figure, exactly or rounded to whole units.
 * @param {RegExpMatchArray} match
 * @param {string} text
 * @param {import("../contract.js").Figure} figure
 */
function isSame(match, text, { value, currency, unit }) {
  const { number, before, after } = match.groups ?? {};
  const sign = after ?? before;
  if (unit === "date" || (sign === "%") !== (unit === "percent")) return false;
  if (!currency && unit !== "percent" && (sign || !isCount(text.slice((match.index ?? 0) + match[0].length)))) return false;
  const wanted = Math.abs(Number(value));
  return readings(number).some((one) => one === wanted || (Number.isInteger(one) && one > 0 && one === Math.round(wanted)));
}

/** @param {string} rest of the text: something is counted, and it is no day of a month */
function isCount(rest) {
  const [, word] = /^\s(\p{L}{3,})/u.exec(rest) ?? [];
  return Boolean(word) && !MONTHS.has(word.toLowerCase());
}

/**
 * The numbers that digits may mean: 1.234 is a thousand to some, and a little over one to others.
 * @param {string} number
 */
function readings(number) {
  const digits = number.replace(/[ \u00a0\u202f'’]/g, "");
  const marks = digits.replace(/\d/g, "");
  const grouped = Number(digits.replace(/[.,]/g, ""));
  if (!marks) return [grouped];
  const [, whole, last] = /^(.*)[.,](\d+)$/.exec(digits) ?? [];
  const pointed = Number(`${whole.replace(/[.,]/g, "")}.${last}`);
  if (marks.length > 1) return [new Set(marks).size === 1 ? grouped : pointed];
  return last.length === 3 ? [grouped, pointed] : [pointed];
}
