/** A row for each employee that answered or was asked. */

import { byId, el } from "./dom.js";
import { badge, employee } from "./employees.js";
import { each } from "./keep.js";
import { count, duration, percent } from "./numbers.js";
import { judge, judged, ofLatency, ofSuccess } from "./verdict.js";

/** @typedef {import("../contract.js").OfEmployee} OfEmployee */

/** @type {{name: string, said: (one: OfEmployee) => string, verdict?: (one: OfEmployee) => import("./verdict.js").Verdict | null}[]} */
const COLUMNS = [
  { name: "Requests", said: (one) => count(one.total_requests) },
  { name: "Success", said: (one) => percent(one.success_rate), verdict: (one) => ofSuccess(one.success_rate) },
  { name: "Average latency", said: (one) => duration(one.avg_latency_ms), verdict: (one) => ofLatency(one.avg_latency_ms) },
  { name: "Median", said: (one) => duration(one.p50_latency_ms) },
  { name: "95th percentile", said: (one) => duration(one.p95_latency_ms) },
  { name: "First token", said: (one) => duration(one.p50_ttft_ms) },
  { name: "Tokens", said: (one) => count(one.total_tokens_est) },
  { name: "Misroutes", said: (one) => count(one.misroutes) },
];

// On narrow screens the rows are cards; a table that is laid out as something else keeps its meaning by its roles.
const rows = el("tbody", { role: "rowgroup" });
byId("team").append(el("table", { role: "table" },
  el("caption.unseen", {}, "Requests, success, times to the whole answer and to the first token, tokens and misroutes of each employee"),
  el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...["Employee", ...COLUMNS.map(({ name }) => name)].map((name) => el("th", { role: "columnheader", scope: "col" }, name)))),
  rows));

/** @param {OfEmployee[]} data the busiest first */
export function showTeam(data) {
  each(rows, data, (one) => one.employee_slug, make, (row, one) => COLUMNS.forEach(({ said, verdict }, place) => {
    judge(row.children[place + 1].firstChild, said(one), verdict?.(one) ?? null);
  }));
}

/** @param {OfEmployee} one */
function make({ employee_slug }) {
  const who = employee(employee_slug);
  return el("tr", { role: "row" },
    el("th", { role: "rowheader", scope: "row" }, el("div.who", {}, badge(who), el("span", {}, who.name, el("small", {}, who.title)))),
    ...COLUMNS.map(({ name }) => el("td", { role: "cell", "data-name": name }, judged())));
}
