/** What answers cost, by model, employee, user and day. */

import { csvButton } from "./csv.js";
import { byId, el, setText, syncChildren } from "./dom.js";
import { employeeBySlug } from "./employees.js";
import { formatInteger, formatMoney } from "./format.js";
import { requestJson } from "./http.js";
import { locale, textOf } from "./texts.js";
import { showTiles } from "./tiles.js";

/** @typedef {import("../contract.js").Cost} Cost */
/** @typedef {{name: string, value: (cost: Cost) => string}} Column */

/** @type {Column[]} */
const COLUMNS = [
  { name: textOf("turns"), value: ({ turns }) => formatInteger(turns) },
  { name: textOf("promptTokens"), value: ({ prompt_tokens }) => formatInteger(prompt_tokens) },
  { name: textOf("cachedTokens"), value: ({ cached_tokens }) => formatInteger(cached_tokens) },
  { name: textOf("completionTokens"), value: ({ completion_tokens }) => formatInteger(completion_tokens) },
  { name: textOf("cost"), value: formatCost },
];
const dayFormat = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

const card = /** @type {HTMLDetailsElement} */ (byId("costs"));
const tiles = el("dl.small-tiles");
const unpriced = el("p.small");
const byModel = createTable("model");
const byEmployee = createTable("employee");
const byUser = createTable("user", textOf("userKeyNote"));
const byDay = createTable("day", textOf("daysInUtc"));
card.append(tiles, unpriced, el("p.small", {}, textOf("costNote")), byModel.section, byEmployee.section, byUser.section, byDay.section);

/** @param {() => void} onChange called when costs are to be loaded */
export function initCosts(onChange) {
  card.addEventListener("toggle", () => { if (card.open) onChange(); });
}

/**
 * Load and show the costs, if they are open.
 * @param {string} query
 * @param {{signal: AbortSignal, timeout: number}} options
 */
export async function refreshCosts(query, options) {
  if (!card.open) return;
  const report = await requestJson(`/costs?${query}`, options);
  if (options.signal.aborted) return;
  const { total, models } = report;
  showTiles(tiles, [
    { name: textOf("cost"), value: formatCost(total) },
    { name: textOf("promptTokens"), value: formatInteger(total.prompt_tokens), detail: textOf("cachedDetail", { number: formatInteger(total.cached_tokens) }) },
    { name: textOf("completionTokens"), value: formatInteger(total.completion_tokens) },
  ]);
  const unknown = models.filter(({ price_source }) => price_source === null).map(({ model }) => model);
  setText(unpriced, unknown.length ? textOf("unpriced", { models: unknown.join(", "), count: total.unpriced_turns }) : "");
  byModel.show(models.map((cost) => ({ key: cost.model, name: cost.model, cost })));
  byEmployee.show(report.employees.map((cost) => ({ key: cost.employee_slug, name: employeeBySlug(cost.employee_slug).name, cost })));
  byUser.show((report.users ?? []).map((cost) => ({ key: cost.user_key, name: cost.user_key, cost })));
  byDay.show(report.days.map((cost) => ({ key: cost.day, name: dayFormat.format(Date.parse(cost.day)), cost })));
}

/**
 * @param {"model" | "employee" | "user" | "day"} group what a row is of
 * @param {string} [note]
 */
function createTable(group, note) {
  const title = textOf(`cost_by_${group}`);
  const rows = el("tbody");
  const section = el("div.costs-by", {},
    el("div.card-tools", {}, el("h3", {}, title), csvButton(() => `cost_by_${group}`, title)),
    note ? el("p.small", {}, note) : null,
    el("div.scroll", { tabindex: 0, role: "region", "aria-label": title }, el("table", {},
      el("caption.visually-hidden", {}, title),
      el("thead", {}, el("tr", {}, ...[textOf(group), ...COLUMNS.map(({ name }) => name)].map((name) => el("th", { scope: "col" }, name)))),
      rows)));
  /** @param {{key: string, name: string, cost: Cost}[]} costs */
  const show = (costs) => {
    section.hidden = !costs.length;
    syncChildren(rows, costs, ({ key }) => key,
      ({ name }) => el("tr", {}, el("th", { scope: "row" }, name), ...COLUMNS.map(() => el("td"))),
      (row, { cost }) => COLUMNS.forEach(({ value }, index) => setText(row.children[index + 1], value(cost))));
  };
  return { section, show };
}

/** @param {Cost} cost */
function formatCost({ cost, unpriced_turns }) {
  if (cost === null) return unpriced_turns ? textOf("noPrice") : "–";
  return unpriced_turns ? textOf("atLeast", { amount: formatMoney(cost) }) : formatMoney(cost);
}
