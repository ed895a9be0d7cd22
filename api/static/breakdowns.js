/** Breakdowns of the turns: a table by employee, bars by outcome, a list of error codes. */

import { byId, el, setText, syncChildren } from "./dom.js";
import { badge, employeeBySlug } from "./employees.js";
import { formatDuration, formatInteger, formatPercent, formatShare } from "./format.js";
import { inEnglish, knownText, textOf } from "./texts.js";
import { createRatedValue, rateLatency, rateSuccess, updateRatedValue } from "./tiles.js";

/** @typedef {import("../contract.js").EmployeeMetrics} EmployeeMetrics */

/** @type {{name: string, value: (metrics: EmployeeMetrics) => string, rating?: (metrics: EmployeeMetrics) => import("./tiles.js").Rating | null}[]} */
const COLUMNS = [
  { name: textOf("requests"), value: (metrics) => formatInteger(metrics.total_requests) },
  { name: textOf("success"), value: (metrics) => formatPercent(metrics.success_rate), rating: (metrics) => rateSuccess(metrics.success_rate) },
  { name: textOf("averageLatency"), value: (metrics) => formatDuration(metrics.avg_latency_ms), rating: (metrics) => rateLatency(metrics.avg_latency_ms) },
  { name: textOf("medianLatency"), value: (metrics) => formatDuration(metrics.p50_latency_ms) },
  { name: textOf("percentile95"), value: (metrics) => formatDuration(metrics.p95_latency_ms) },
  { name: textOf("firstToken"), value: (metrics) => formatDuration(metrics.p50_ttft_ms) },
  { name: textOf("tokens"), value: (metrics) => formatInteger(metrics.total_tokens_est) },
  { name: textOf("misroutes"), value: (metrics) => formatInteger(metrics.misroutes) },
];

/** In the order in which they are shown. */
const OUTCOMES = /** @type {const} */ (["done", "stopped", "limited", "refused", "failed", "fallback"]);

// On narrow screens the rows become cards. The roles keep the table a table for screen readers.
const employeeRows = el("tbody", { role: "rowgroup" });
byId("employees").append(el("table", { role: "table" },
  el("caption.visually-hidden", {}, textOf("employeesCaption")),
  el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...[textOf("employee"), ...COLUMNS.map(({ name }) => name)].map((name) => el("th", { role: "columnheader", scope: "col" }, name)))),
  employeeRows));

/** @param {EmployeeMetrics[]} employees the busiest first */
export function showEmployees(employees) {
  syncChildren(employeeRows, employees, ({ employee_slug }) => employee_slug, createEmployeeRow, (row, metrics) => COLUMNS.forEach(({ value, rating }, index) => {
    updateRatedValue(row.children[index + 1].firstChild, value(metrics), rating?.(metrics) ?? null);
  }));
}

/** @param {EmployeeMetrics} metrics */
function createEmployeeRow({ employee_slug }) {
  const employee = employeeBySlug(employee_slug);
  return el("tr", { role: "row" },
    el("th", { role: "rowheader", scope: "row" }, el("div.employee-name", {}, badge(employee), el("span", {}, employee.name, el("small", inEnglish, employee.title)))),
    ...COLUMNS.map(({ name }) => el("td", { role: "cell", "data-name": name }, createRatedValue())));
}

/** @param {import("../contract.js").Metrics} totals */
export function showOutcomes({ total_requests: turns, outcomes }) {
  const items = OUTCOMES.map((key) => ({ key, name: textOf(`outcome_${key}`), count: outcomes[key] ?? 0 }));
  syncChildren(byId("outcomes"), items, ({ key }) => key, createOutcome, (item, { count }) => {
    item.querySelector(".bar").firstChild.style.inlineSize = `${turns ? (100 * count) / turns : 0}%`;
    setText(item.querySelector(".count"), formatInteger(count));
    setText(item.querySelector(".share"), formatShare(count, turns));
  });
}

/** @param {{key: string, name: string}} outcome */
function createOutcome({ key, name }) {
  return el(`li.${key}`, {}, el("span.name", {}, name), " ", el("span.count"), " ", el("span.share"), el("span.bar", { "aria-hidden": "true" }, el("span")));
}

/** @param {Record<string, number>} codes counts, the most frequent first */
export function showErrorCodes(codes) {
  const items = Object.entries(codes).map(([key, count]) => ({ key, count }));
  syncChildren(byId("error-codes"), items.length ? items : [{ key: "", count: 0 }], ({ key }) => key, createErrorCode, (item, { key, count }) => {
    if (key) setText(item.querySelector(".count"), textOf("times", { number: count }));
  });
}

/** @param {{key: string}} code an empty key: there are no errors */
function createErrorCode({ key }) {
  if (!key) return el("li.empty", {}, textOf("noErrors"));
  return el("li", {}, el("span.count"), " ", el("span", {}, el("code", {}, key), " ", el("span.explanation", {}, knownText(`error_${key}`) ?? "")));
}
