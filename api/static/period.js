/** The time range and the filters of the dashboard. They are in the URL, so that a view can be linked and the Back button works. */

import { byId, el, syncChildren } from "./dom.js";
import { allEmployees } from "./employees.js";
import { textOf } from "./texts.js";

/** @typedef {"24h" | "7d" | "custom"} TimeRange */
/** @typedef {{range: TimeRange, from: string, to: string, employee: string, model: string, outcome: string}} Period empty: not chosen; dates such as "2026-11-29" */

/** In the order in which they are shown. */
export const OUTCOMES = /** @type {const} */ (["done", "stopped", "limited", "refused", "failed", "fallback"]);

const RANGES = /** @type {const} */ (["24h", "7d", "custom"]);
const FILTERS = /** @type {const} */ (["employee", "model", "outcome"]);
const DATES = /** @type {const} */ (["from", "to"]);

/** @returns {Period} what the URL says */
export function currentPeriod() {
  const hash = location.hash.slice(1);
  const values = new URLSearchParams(hash.includes("=") ? hash : `range=${hash}`);
  const value = (/** @type {string} */ name) => values.get(name) ?? "";
  const range = RANGES.find((name) => name === value("range")) ?? "24h";
  const period = { range, from: value("from"), to: value("to"), employee: value("employee"), model: value("model"), outcome: value("outcome") };
  return range === "custom" && !(Date.parse(period.from) <= Date.parse(period.to)) ? { ...period, range: "24h" } : period;
}

/**
 * The same as the query of a request; the user's days, the last one included.
 * @param {Period} period
 */
export function queryOf(period) {
  const query = new URLSearchParams();
  if (period.range === "custom") {
    query.set("from", startOfDay(period.from, 0).toISOString());
    query.set("to", startOfDay(period.to, 1).toISOString());
  } else query.set("range", period.range);
  for (const name of FILTERS) if (period[name]) query.set(name, period[name]);
  return query.toString();
}

/** @param {Period} period whether only some of its turns are asked for */
export function isFiltered(period) {
  return FILTERS.some((name) => period[name]);
}

/**
 * Make the choices work.
 * @param {() => void} onChange
 */
export function initPeriod(onChange) {
  byId("outcome-filter").append(...OUTCOMES.map((outcome) => el("option", { value: outcome }, textOf(`outcome_${outcome}`))));
  byId("time-range").addEventListener("change", (/** @type {any} */ event) => change({ range: event.target.value, ...(event.target.value === "custom" && lastMonth()) }));
  for (const name of DATES) byId(`${name}-date`).addEventListener("change", changeDates);
  for (const name of FILTERS) byId(`${name}-filter`).addEventListener("change", (/** @type {any} */ event) => change({ [name]: event.target.value }));
  byId("clear-filters").addEventListener("click", () => {
    change({ employee: "", model: "", outcome: "" });
    byId("employee-filter").focus();
  });
  addEventListener("hashchange", () => {
    showPeriod();
    onChange();
  });
  showPeriod();
}

/**
 * Offer what there is to choose from; what was offered stays.
 * @param {string[]} models
 */
export function offerFilters(models) {
  const period = currentPeriod();
  offer("employee", allEmployees().map(({ slug, name }) => ({ value: slug, name })), period.employee);
  const offered = [...byId("model-filter").options].map(({ value }) => value);
  offer("model", [...new Set([...offered, ...models, period.model])].filter(Boolean).sort().map((value) => ({ value, name: value })), period.model);
}

/**
 * @param {"employee" | "model"} filter
 * @param {{value: string, name: string}[]} options
 * @param {string} chosen
 */
function offer(filter, options, chosen) {
  const select = byId(`${filter}-filter`);
  syncChildren(select, [{ value: "", name: textOf("all") }, ...options], ({ value }) => value, ({ value, name }) => el("option", { value }, name), () => {});
  if (select.value !== chosen) select.value = chosen;
}

/** Show what the URL says. */
function showPeriod() {
  const period = currentPeriod();
  /** @type {HTMLInputElement} */ (byId("time-range").querySelector(`[value="${period.range}"]`)).checked = true;
  byId("custom-range").hidden = period.range !== "custom";
  byId("clear-filters").hidden = !isFiltered(period);
  for (const name of DATES) if (period[name]) byId(`${name}-date`).value = period[name];
  byId("from-date").max = byId("to-date").value;
  byId("to-date").min = byId("from-date").value;
  for (const name of FILTERS) byId(`${name}-filter`).value = period[name];
}

function changeDates() {
  const [from, to] = DATES.map((name) => byId(`${name}-date`).value);
  if (from && to && from <= to) change({ from, to });
}

/** @param {Partial<Period>} changes */
function change(changes) {
  const period = { ...currentPeriod(), ...changes };
  const kept = Object.entries(period).filter(([name, value]) => value && (period.range === "custom" || !DATES.some((date) => date === name)));
  location.hash = kept.length > 1 ? new URLSearchParams(kept).toString() : period.range;
}

/** The last thirty days. */
function lastMonth() {
  const day = (/** @type {number} */ ago) => {
    const date = new Date();
    date.setDate(date.getDate() - ago);
    return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
  };
  return { from: day(29), to: day(0) };
}

/**
 * @param {string} day
 * @param {number} later days
 */
function startOfDay(day, later) {
  const date = new Date(`${day}T00:00`);
  date.setDate(date.getDate() + later);
  return date;
}
