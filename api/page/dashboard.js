/** The dashboard's beginning: it shows what was told last, says how old that is, and asks again. */

import { byId } from "./dom.js";
import { Lost, Problem } from "./http.js";
import { say } from "./keep.js";
import { showCodes, showOutcomes } from "./outcomes.js";
import { keepAsking } from "./refresh.js";
import { showSeries } from "./series.js";
import { offerSignOut, signing } from "./signing.js";
import { SAID, span, switching } from "./span.js";
import { askAll } from "./summary.js";
import { showTeam } from "./team.js";
import { showSizes, showTokens, showTotals } from "./tiles.js";
import { showWeek } from "./week.js";

/** @type {Map<string, import("./summary.js").Told>} what was told last of each stretch of time */
const known = new Map();

/** @param {AbortSignal} signal */
async function ask(signal) {
  const asked = span();
  const told = await askAll(asked, signal);
  if (signal.aborted) return;
  known.set(asked, told);
  show(told);
  trouble("");
  offerSignOut();
}

/** @param {unknown} error */
function failed(error) {
  const told = known.get(span());
  byId("numbers").hidden = !told;
  byId("main").removeAttribute("aria-busy");
  const expected = error instanceof Problem || error instanceof Lost;
  const why = expected ? error.message : "Something went wrong in this page.";
  trouble(told ? `${why} These numbers are from ${time(told.at)}; new ones are asked for every 15 seconds.` : `${why} It is asked again every 15 seconds.`);
  if (!expected) throw error;
}

/** @param {import("./summary.js").Told} told */
function show({ summary, insights, at }) {
  const { totals, data, series, sizes } = summary;
  say(byId("whose"), sizes ? "Everyone’s turns, as you are an administrator" : "Your turns");
  say(byId("updated"), ` · updated ${time(at)}`);
  say(byId("nothing-said"), `No turns in ${SAID[span()]}.`);
  byId("nothing").hidden = totals.total_requests > 0;
  byId("turned").hidden = totals.total_requests === 0;
  byId("numbers").hidden = false;
  byId("main").removeAttribute("aria-busy");
  showTotals(totals, SAID[span()]);
  showSeries(series, summary.hours);
  showTeam(data);
  showOutcomes(totals);
  showCodes(totals.error_codes);
  showTokens(totals.tokens);
  showSizes(sizes);
  showWeek(insights);
}

/** Another stretch of time: what was told of it before, or a pause until it is told. */
function turnTo() {
  const told = known.get(span());
  trouble("");
  if (told) show(told);
  else byId("main").setAttribute("aria-busy", "true");
  now();
}

/** @param {string} text what is wrong; empty: nothing */
function trouble(text) {
  say(byId("state"), text);
  byId("notice").classList.toggle("wrong", Boolean(text));
  byId("again").hidden = !text;
}

/** @param {Date} at */
function time(at) {
  return at.toLocaleTimeString(undefined, { timeStyle: "medium" });
}

signing();
switching(turnTo);
byId("main").setAttribute("aria-busy", "true");
say(byId("state"), "Loading…");
const now = keepAsking(ask, failed);
byId("again").addEventListener("click", now);
