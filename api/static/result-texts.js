/** What the server says of results, documents and categories in English, in the language of the page. */

import { formatAmount, formatDay, formatDays, formatNumber } from "./money.js";
import { categoryNames, fillIn, knownText, resultTexts, textOf } from "./texts.js";

/** @typedef {import("../contract.js").Template} Template */
/** @typedef {Record<string, Template>} Templates */

/**
 * A sentence of the server.
 * @param {string} english
 * @param {Template | null} [made] what it is made of; nothing: it is no text of ours, and stays
 * @returns {string}
 */
export function sentence(english, made) {
  return made && resultTexts() ? filled(made) : english;
}

/**
 * A result with its texts in the language of the page. Columns keep the names by which they are known.
 * @template {{words: string, texts?: Templates}} Result
 * @param {Result} result
 * @returns {Result}
 */
export function translatedResult(result) {
  const { texts } = result;
  const say = (/** @type {string} */ text) => sentence(text, texts?.[text]);
  const given = /** @type {Partial<import("../contract.js").Reference>} */ (/** @type {unknown} */ (result));
  return { ...result, words: say(result.words),
    ...given.method && { method: say(given.method) },
    ...given.notes && { notes: given.notes.map(say) },
    ...given.figures && { figures: given.figures.map((figure) => ({ ...figure, name: say(figure.name) })) },
    ...given.columns && { columns: given.columns.map((column) => ({ ...column, label: say(column.name) })) },
    ...given.rows && { rows: given.rows.map((row) => row.map((cell) => (cell === null ? null : say(cell)))) } };
}

/** @param {{name: string}} category as the user calls it, or as it was called for them */
export function categoryLabel({ name }) {
  return categoryNames()?.[name] ?? name;
}

/** @param {Template} made */
function filled({ template, values = {} }) {
  const own = resultTexts()?.[template] ?? categoryNames()?.[template] ?? knownText(template) ?? template;
  return fillIn(own, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, valueText(value)])));
}

/**
 * @param {any} value
 * @returns {string | number}
 */
function valueText(value) {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  if (value === null || typeof value !== "object") return value ?? "";
  if ("template" in value) return filled(value);
  if ("amount" in value) return formatAmount(value.amount, value.currency);
  if ("number" in value) return formatNumber(value.number);
  return periodText(value);
}

/** @param {{first_on: string | null, last_on: string | null}} period */
function periodText({ first_on, last_on }) {
  if (first_on && last_on) return first_on === last_on ? formatDay(first_on) : formatDays(first_on, last_on);
  if (first_on) return textOf("sinceDay", { day: formatDay(first_on) });
  return last_on ? textOf("untilDay", { day: formatDay(last_on) }) : textOf("allTime");
}
