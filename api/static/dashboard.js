/** Entry point of the dashboard: polls the metrics of the chosen period, and keeps old ones while the server is away. */

import { initSignOut, updateSignOut } from "./auth.js";
import { showEmployees, showErrorCodes, showModels, showOutcomes } from "./breakdowns.js";
import { showCharts } from "./charts.js";
import { initCosts, refreshCosts } from "./costs.js";
import { byId, setText } from "./dom.js";
import { allEmployees, loadEmployees } from "./employees.js";
import { initFeedback, refreshFeedback } from "./feedback-summary.js";
import { NetworkError, Problem, requestJson } from "./http.js";
import { showInsights } from "./insights.js";
import { currentPeriod, initPeriod, isFiltered, offerFilters, queryOf } from "./period.js";
import { locale, textOf } from "./texts.js";
import { showSizes, showTokens, showTotals } from "./tiles.js";
import { initTurns, refreshTurns } from "./turns.js";

/** @typedef {{summary: import("../contract.js").Summary, insights: import("../contract.js").Insights, loadedAt: Date}} DashboardData */

/** Milliseconds. */
const POLL_INTERVAL = 15_000;
const REQUEST_TIMEOUT = 10_000;

/** @type {Map<string, DashboardData>} the latest data of each period, by its query */
const cache = new Map();

/** Show another period: from the cache, or a spinner until its data is loaded. */
function changePeriod() {
  const data = cache.get(queryOf(currentPeriod()));
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
  const query = queryOf(currentPeriod());
  const data = await fetchData(query, signal);
  if (signal.aborted) return;
  cache.set(query, data);
  show(data);
  showError("");
  updateSignOut();
  const options = { signal, timeout: REQUEST_TIMEOUT };
  await refreshTurns(query, options);
  await refreshCosts(query, options);
  await refreshFeedback(query, options);
}

/**
 * Fetch what the page shows at first; one request after the other, as the first may start a new user's session.
 * @param {string} query
 * @param {AbortSignal} signal
 * @returns {Promise<DashboardData>}
 */
async function fetchData(query, signal) {
  const options = { signal, timeout: REQUEST_TIMEOUT };
  if (!allEmployees().length) await loadEmployees();
  const summary = await requestJson(`/metrics-summary?${query}`, options);
  const insights = await requestJson("/insights", options);
  return { summary, insights, loadedAt: new Date() };
}

/** @param {DashboardData} data */
function show({ summary, insights, loadedAt }) {
  const { totals, previous, data, models, series, sizes } = summary;
  const period = currentPeriod();
  setText(byId("scope"), textOf(sizes ? "allTurns" : "yourTurns"));
  setText(byId("updated"), ` · ${textOf("updatedAt", { time: formatTime(loadedAt) })}`);
  setText(byId("no-turns-text"), isFiltered(period) ? textOf("noSuchTurns") : textOf(`noTurns${period.range}`));
  byId("no-turns").hidden = totals.total_requests > 0;
  byId("turn-metrics").hidden = totals.total_requests === 0;
  byId("metrics").hidden = false;
  byId("main").removeAttribute("aria-busy");
  offerFilters(models.map(({ model }) => model));
  showTotals(totals, previous, period.range);
  showCharts(series, summary);
  showEmployees(data);
  showModels(models);
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
  const data = cache.get(queryOf(currentPeriod()));
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
initPeriod(changePeriod);
byId("main").setAttribute("aria-busy", "true");
setText(byId("status"), textOf("loading"));
const pollNow = startPolling(load, handleError);
byId("retry").addEventListener("click", pollNow);
initTurns(pollNow);
initCosts(pollNow);
initFeedback(pollNow);
