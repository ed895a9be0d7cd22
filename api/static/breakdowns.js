/** Breakdowns of the turns: a table by employee, bars by outcome, a list of error codes. */

import { byId, el, setText, syncChildren } from "./dom.js";
import { badge, employeeBySlug } from "./employees.js";
import { formatDuration, formatInteger, formatPercent, formatShare } from "./format.js";
import { createRatedValue, rateLatency, rateSuccess, updateRatedValue } from "./tiles.js";

/** @typedef {import("../contract.js").EmployeeMetrics} EmployeeMetrics */

/** @type {{name: string, value: (metrics: EmployeeMetrics) => string, rating?: (metrics: EmployeeMetrics) => import("./tiles.js").Rating | null}[]} */
const COLUMNS = [
  { name: "Requests", value: (metrics) => formatInteger(metrics.total_requests) },
  { name: "Success", value: (metrics) => formatPercent(metrics.success_rate), rating: (metrics) => rateSuccess(metrics.success_rate) },
  { name: "Average latency", value: (metrics) => formatDuration(metrics.avg_latency_ms), rating: (metrics) => rateLatency(metrics.avg_latency_ms) },
  { name: "Median", value: (metrics) => formatDuration(metrics.p50_latency_ms) },
  { name: "95th percentile", value: (metrics) => formatDuration(metrics.p95_latency_ms) },
  { name: "First token", value: (metrics) => formatDuration(metrics.p50_ttft_ms) },
  { name: "Tokens", value: (metrics) => formatInteger(metrics.total_tokens_est) },
  { name: "Misroutes", value: (metrics) => formatInteger(metrics.misroutes) },
];

const OUTCOMES = /** @type {Record<string, string>} */ ({
  done: "Answered",
  stopped: "Stopped by the user",
  limited: "Rate limited",
  refused: "Blocked by the guard, or conversation busy",
  failed: "Failed",
  fallback: "Prepared reply",
});

const CODES = /** @type {Record<string, string>} */ ({
  empty_message: "The message was empty.",
  blocked: "The guard blocked the message as an attack.",
  rate_limited: "Too many messages within a minute.",
  conversation_busy: "The conversation was already being answered.",
  model_unreachable: "The model server could not be reached.",
  model_overloaded: "The model server was overloaded.",
  model_failed: "The model server had an internal error.",
  model_rejected: "The model server rejected the request or the API key.",
  model_context_too_long: "The conversation was too long for the model.",
  model_empty: "The model returned an empty answer.",
  model_garbled: "The model’s answer could not be parsed.",
  model_timeout: "The model did not finish in time.",
  model_filtered: "The model provider’s filter stopped the answer.",
  model_down: "The model had failed repeatedly and was not called for a while.",
  storage_unavailable: "The database could not be reached.",
  shutting_down: "The server was shutting down.",
  internal: "An internal error: see the server’s log.",
  summary_failed: "Answered, but the summary could not be updated.",
  facts_failed: "Answered, but no facts could be extracted.",
});

// On narrow screens the rows become cards. The roles keep the table a table for screen readers.
const employeeRows = el("tbody", { role: "rowgroup" });
byId("employees").append(el("table", { role: "table" },
  el("caption.visually-hidden", {}, "Requests, success, latency, time to first token, tokens and misroutes of each employee"),
  el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...["Employee", ...COLUMNS.map(({ name }) => name)].map((name) => el("th", { role: "columnheader", scope: "col" }, name)))),
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
    el("th", { role: "rowheader", scope: "row" }, el("div.employee-name", {}, badge(employee), el("span", {}, employee.name, el("small", {}, employee.title)))),
    ...COLUMNS.map(({ name }) => el("td", { role: "cell", "data-name": name }, createRatedValue())));
}

/** @param {import("../contract.js").Metrics} totals */
export function showOutcomes({ total_requests: turns, outcomes }) {
  const items = Object.entries(OUTCOMES).map(([key, name]) => ({ key, name, count: outcomes[key] ?? 0 }));
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
    if (key) setText(item.querySelector(".count"), `${formatInteger(count)} ×`);
  });
}

/** @param {{key: string}} code an empty key: there are no errors */
function createErrorCode({ key }) {
  if (!key) return el("li.empty", {}, "None.");
  return el("li", {}, el("span.count"), " ", el("span", {}, el("code", {}, key), " ", el("span.explanation", {}, CODES[key] ?? "")));
}
