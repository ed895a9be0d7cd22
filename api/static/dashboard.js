/** Entry point of the dashboard: polls the metrics of the chosen time range, and keeps old ones while the server is away. */

import { initSignOut, updateSignOut } from "./auth.js";
import { showEmployees, showErrorCodes, showOutcomes } from "./breakdowns.js";
import { showCharts } from "./charts.js";
import { byId, setText } from "./dom.js";
import { allEmployees, loadEmployees } from "./employees.js";
import { NetworkError, Problem, requestJson } from "./http.js";
import { showInsights } from "./insights.js";
import { locale, textOf } from "./texts.js";
import { showSizes, showTokens, showTotals } from "./tiles.js";

/** @typedef {"24h" | "7d"} TimeRange */
/** @typedef {{summary: import("../contract.js").Summary, insights: import("../contract.js").Insights, loadedAt: Date}} DashboardData */

/** Milliseconds. */
const POLL_INTERVAL = 15_000;
const REQUEST_TIMEOUT = 10_000;

/** @type {Map<TimeRange, DashboardData>} the latest data of each time range */
const cache = new Map();

/**
 * The time range in the URL, so that it can be linked and the Back button works.
 * @returns {TimeRange}
 */
function timeRange() {
  return location.hash === "#7d" ? "7d" : "24h";
}

/** Make the choice of the time range work. */
function initTimeRange() {
  const fieldset = byId("time-range");
  const check = () => { /** @type {HTMLInputElement} */ (fieldset.querySelector(`[value="${timeRange()}"]`)).checked = true; };
  fieldset.addEventListener("change", (/** @type {any} */ event) => { location.hash = event.target.value; });
  addEventListener("hashchange", () => {
    check();
    changeTimeRange();
  });
  check();
}

/** Show another time range: from the cache, or a spinner until its data is loaded. */
function changeTimeRange() {
  const data = cache.get(timeRange());
  showError("");
  if (data) show(data);
  else byId("main").setAttribute("aria-busy", "true");
  pollNow();
}

/**
 * Load and show everything.
 * @param {AbortSignal} signal
 */
async function load(signal) {
  const range = timeRange();
  const data = await fetchData(range, signal);
  if (signal.aborted) return;
  cache.set(range, data);
  show(data);
  showError("");
  updateSignOut();
}

/**
 * Fetch everything that the page shows; one request after the other, as the first may start a new user's session.
 * @param {TimeRange} range
 * @param {AbortSignal} signal
 * @returns {Promise<DashboardData>}
 */
async function fetchData(range, signal) {
  const options = { signal, timeout: REQUEST_TIMEOUT };
  if (!allEmployees().length) await loadEmployees();
  const summary = await requestJson(`/metrics-summary?range=${range}`, options);
  const insights = await requestJson("/insights", options);
  return { summary, insights, loadedAt: new Date() };
}

/** @param {DashboardData} data */
function show({ summary, insights, loadedAt }) {
  const { totals, data, series, sizes } = summary;
  setText(byId("scope"), textOf(sizes ? "allTurns" : "yourTurns"));
  setText(byId("updated"), ` · ${textOf("updatedAt", { time: formatTime(loadedAt) })}`);
  setText(byId("no-turns-text"), textOf(`noTurns${timeRange()}`));
  byId("no-turns").hidden = totals.total_requests > 0;
  byId("turn-metrics").hidden = totals.total_requests === 0;
  byId("metrics").hidden = false;
  byId("main").removeAttribute("aria-busy");
  showTotals(totals, timeRange());
  showCharts(series, summary.hours);
  showEmployees(data);
  showOutcomes(totals);
  showErrorCodes(totals.error_codes);
  showTokens(totals.tokens);
  showSizes(sizes);
  showInsights(insights);
}

/**
 * Show why loading failed, and how old the data on the page is.
 * @param {unknown} error
 */
function handleError(error) {
  const data = cache.get(timeRange());
  byId("metrics").hidden = !data;
  byId("main").removeAttribute("aria-busy");
  const expected = error instanceof Problem || error instanceof NetworkError;
  const reason = expected ? error.message : textOf("pageFailed");
  const age = data && textOf("showingOld", { time: formatTime(data.loadedAt) });
  showError([reason, age, textOf("retryingEvery", { seconds: POLL_INTERVAL / 1000 })].filter(Boolean).join(" "));
  if (!expected) throw error;
}

/** @param {string} text empty: no error */
function showError(text) {
  setText(byId("status"), text);
  byId("notice").classList.toggle("error", Boolean(text));
  byId("retry").hidden = !text;
}

/** @param {Date} date */
function formatTime(date) {
  return date.toLocaleTimeString(locale, { timeStyle: "medium" });
}

/**
 * Call `load` now and then at the interval, while the page is visible.
 * @param {(signal: AbortSignal) => Promise<void>} load
 * @param {(error: unknown) => void} onError polling goes on all the same
 * @returns {() => void} polls now; a request that is running is aborted
 */
function startPolling(load, onError) {
  let controller = new AbortController();
  /** @type {any} */
  let timer = 0;
  const poll = async () => {
    clearTimeout(timer);
    controller.abort();
    const current = controller = new AbortController();
    try {
      await load(current.signal);
    } catch (error) {
      if (!current.signal.aborted) onError(error);
    } finally {
      if (!current.signal.aborted && !document.hidden) timer = setTimeout(poll, POLL_INTERVAL);
    }
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) poll();
  });
  addEventListener("online", poll);
  poll();
  return poll;
}

initSignOut();
initTimeRange();
byId("main").setAttribute("aria-busy", "true");
setText(byId("status"), textOf("loading"));
const pollNow = startPolling(load, handleError);
byId("retry").addEventListener("click", pollNow);
