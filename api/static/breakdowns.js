/** Breakdowns of the turns: tables by employee and by model, bars by outcome, a list of error codes. */

import { csvButton } from "./csv.js";
import { byId, el, setText, syncChildren } from "./dom.js";
import { badge, employeeBySlug } from "./employees.js";
import { formatDuration, formatInteger, formatPercent, formatShare } from "./format.js";
import { OUTCOMES } from "./period.js";
import { knownText, textOf } from "./texts.js";
import { createRatedValue, rateLatency, rateSuccess, updateRatedValue } from "./tiles.js";

/** @typedef {import("../contract.js").Metrics} Metrics */
/** @typedef {import("../contract.js").EmployeeMetrics} EmployeeMetrics */
/** @typedef {import("../contract.js").ModelMetrics} ModelMetrics */

/** @type {{name: string, value: (metrics: Metrics) => string, rating?: (metrics: Metrics) => import("./tiles.js").Rating | null}[]} */
const COLUMNS = [
  { name: textOf("requests"), value: (metrics) => formatInteger(metrics.total_requests) },
  { name: textOf("success"), value: (metrics) => formatPercent(metrics.success_rate), rating: (metrics) => rateSuccess(metrics.success_rate) },
  { name: textOf("averageLatency"), value: (metrics) => formatDuration(metrics.avg_latency_ms), rating: (metrics) => rateLatency(metrics.avg_latency_ms) },
  { name: textOf("medianLatency"), value: (metrics) => formatDuration(metrics.p50_latency_ms) },
  { name: textOf("percentile95"), value: (metrics) => formatDuration(metrics.p95_latency_ms) },
  { name: textOf("percentile99"), value: (metrics) => formatDuration(metrics.p99_latency_ms) },
  { name: textOf("firstToken"), value: (metrics) => formatDuration(metrics.p50_ttft_ms) },
  { name: textOf("tokens"), value: (metrics) => formatInteger(metrics.total_tokens_est) },
  { name: textOf("misroutes"), value: (metrics) => formatInteger(metrics.misroutes) },
];

// On narrow screens the rows become cards. The roles keep the table a table for screen readers.
const employeeRows = createTable("employees", "employee", textOf("employeesCaption"));
const modelRows = createTable("models", "model", textOf("modelsCaption"));
byId("employees-tools").append(csvButton(() => "employees", textOf("byEmployee")));
byId("models-tools").append(csvButton(() => "models", textOf("byModel")));
byId("errors-tools").append(csvButton(() => "error_codes", textOf("errors")));
byId("turns-tools").append(csvButton(() => "series", textOf("turns")));

/**
 * @param {"employees" | "models"} container
 * @param {"employee" | "model"} group what a row is of
 * @param {string} caption
 */
function createTable(container, group, caption) {
  const rows = el("tbody", { role: "rowgroup" });
  byId(container).append(el("table", { role: "table" },
    el("caption.visually-hidden", {}, caption),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...[textOf(group), ...COLUMNS.map(({ name }) => name)].map((name) => el("th", { role: "columnheader", scope: "col" }, name)))),
    rows));
  return rows;
}

/** @param {EmployeeMetrics[]} employees the busiest first */
export function showEmployees(employees) {
  syncChildren(employeeRows, employees, ({ employee_slug }) => employee_slug, createEmployeeRow, updateRow);
}

/** @param {ModelMetrics[]} models the busiest first */
export function showModels(models) {
  syncChildren(modelRows, models, ({ model }) => model, ({ model }) => createRow(el("span.model-name", {}, model)), updateRow);
}

/**
 * @param {any} row
 * @param {Metrics} metrics
 */
function updateRow(row, metrics) {
  COLUMNS.forEach(({ value, rating }, index) => updateRatedValue(row.children[index + 1].firstChild, value(metrics), rating?.(metrics) ?? null));
}

/** @param {HTMLElement} heading */
function createRow(heading) {
  return el("tr", { role: "row" },
    el("th", { role: "rowheader", scope: "row" }, heading),
    ...COLUMNS.map(({ name }) => el("td", { role: "cell", "data-name": name }, createRatedValue())));
}

/** @param {EmployeeMetrics} metrics */
function createEmployeeRow({ employee_slug }) {
  const employee = employeeBySlug(employee_slug);
  return createRow(el("div.employee-name", {}, badge(employee), el("span", {}, employee.name, el("small", {}, employee.title))));
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
