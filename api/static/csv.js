/** Buttons that download a table as CSV. A plain link could not send the token. */

import { el } from "./dom.js";
import { NetworkError, Problem, request } from "./http.js";
import { currentPeriod, queryOf } from "./period.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/** @typedef {"employees" | "models" | "series" | "error_codes" | "failed_turns" | "slow_turns" | "cost_by_day" | "cost_by_model" | "cost_by_employee" | "cost_by_user"} Table */

/**
 * @param {() => Table} table which one, when it is pressed
 * @param {string} name of the table
 */
export function csvButton(table, name) {
  const tools = el("span.csv", {}, el("button.quiet", {
    type: "button",
    "aria-label": textOf("downloadTable", { table: name }),
    onclick: async () => {
      tools.querySelector("[role=alert]")?.remove();
      try {
        await download(table());
      } catch (error) {
        if (!(error instanceof Problem || error instanceof NetworkError)) throw error;
        tools.prepend(el("span", { role: "alert" }, error.message));
      }
    },
  }, icon("download"), "CSV"));
  return tools;
}

/** @param {Table} table */
async function download(table) {
  const response = await request(`/tables/${table}?${queryOf(currentPeriod())}`);
  const url = URL.createObjectURL(await response.blob());
  el("a", { href: url, download: `frontdesk-${table.replaceAll("_", "-")}.csv` }).click();
  URL.revokeObjectURL(url);
}
