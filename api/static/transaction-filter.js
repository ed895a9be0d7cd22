/** Which transactions are shown: the fields above the list, and the URL, which says the same. */

import { el, setChildren } from "./dom.js";
import { categorySelect } from "./finance-lists.js";
import { textOf } from "./texts.js";

/** Parameters of `GET /transactions` that the URL may have. */
const PARAMETERS = ["q", "since", "until", "account", "category", "currency", "sign", "document", "reference", "at_least", "at_most"];
const PERIODS = /** @type {const} */ (["all", "thisMonth", "lastMonth", "thisYear", "lastYear", "custom"]);

/** @typedef {typeof PERIODS[number]} Period */

/** The query of the URL, as `GET /transactions` takes it. */
export function queryInUrl() {
  const all = new URLSearchParams(location.search);
  return new URLSearchParams([...all].filter(([name]) => PARAMETERS.includes(name)));
}

/**
 * The form that changes the query.
 * @param {import("./finance-lists.js").FinanceAccount[]} accounts
 * @param {() => void} onChange called once the URL has changed
 * @returns {HTMLFormElement}
 */
export function filterForm(accounts, onChange) {
  const query = queryInUrl();
  const search = el("input", { type: "search", maxlength: 200, placeholder: textOf("searchTransactions"), "aria-label": textOf("searchTransactions"), dir: "auto" });
  search.value = query.get("q") ?? "";
  const period = el("select", { "aria-label": textOf("period") }, ...PERIODS.map((name) => el("option", { value: name }, textOf(`period_${name}`))));
  const since = el("input", { type: "date", "aria-label": textOf("since") });
  const until = el("input", { type: "date", "aria-label": textOf("until") });
  [since.value, until.value] = [query.get("since") ?? "", query.get("until") ?? ""];
  period.value = PERIODS.find((name) => name !== "custom" && datesOf(name).join() === [since.value, until.value].join()) ?? "custom";
  const account = select(textOf("bankAccount"), [["", textOf("allAccounts")], ...accounts.map((one) => /** @type {[string, string]} */ ([one.account_id, one.name]))], query.getAll("account"));
  const category = categorySelect(textOf("category"), [["", textOf("allCategories")], ["none", textOf("noCategory")]]);
  choose(category, query.getAll("category"));
  const sign = select(textOf("sign"), [["", textOf("spentAndReceived")], ["spent", textOf("spent")], ["received", textOf("received")]], query.getAll("sign"));
  const currencies = [...new Set([...accounts.map(({ currency }) => currency), ...query.getAll("currency")])];
  const currency = select(textOf("currency"), [["", textOf("allCurrencies")], ...currencies.map((one) => /** @type {[string, string]} */ ([one, one]))], query.getAll("currency"));
  currency.hidden = currencies.length < 2;
  const dates = el("span.dates", {}, since, until);
  dates.hidden = period.value !== "custom";
  const reset = el("button.quiet", { type: "button", onclick: () => {
    history.replaceState(null, "", `/finances${location.hash}`);
    const anew = filterForm(accounts, onChange);
    form.replaceWith(anew);
    anew.querySelector("input")?.focus();
    onChange();
  } }, textOf("resetFilters"));
  const only = el("span.small", {}, query.has("reference") ? textOf("onlyOfResult") : query.has("document") ? textOf("onlyOfDocument") : "");
  const form = el("form.filters", { role: "search", "aria-label": textOf("filters") }, search, period, dates, account, category, sign, currency, only, reset);
  const apply = (/** @type {boolean} */ words) => {
    const next = queryInUrl();
    if (!words) next.delete("reference"); // nothing but words narrows a result down
    only.hidden = !next.has("reference") && !next.has("document");
    set(next, "q", search.value.trim());
    set(next, "since", since.value);
    set(next, "until", until.value);
    for (const [name, field] of /** @type {const} */ ([["account", account], ["category", category], ["sign", sign], ["currency", currency]])) {
      if (field.value !== "several") set(next, name, field.value);
    }
    history.replaceState(null, "", `/finances${next.size ? `?${next}` : ""}${location.hash}`);
    reset.hidden = !next.size;
    onChange();
  };
  let timer = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (event.target === period) {
      dates.hidden = period.value !== "custom";
      if (!dates.hidden) return; // the days that were shown stay until others are chosen
      [since.value, until.value] = datesOf(/** @type {Exclude<Period, "custom">} */ (period.value));
    }
    if (event.target === search) timer = setTimeout(() => apply(true), 250);
    else apply(false);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  reset.hidden = !query.size;
  return form;
}

/**
 * The first and the last day; empty where there is none.
 * @param {Exclude<Period, "custom">} period
 * @returns {[string, string]}
 */
function datesOf(period) {
  const now = new Date();
  const [year, month] = [now.getFullYear(), now.getMonth()];
  switch (period) {
    case "thisMonth": return [day(year, month, 1), day(year, month + 1, 0)];
    case "lastMonth": return [day(year, month - 1, 1), day(year, month, 0)];
    case "thisYear": return [day(year, 0, 1), day(year, 12, 0)];
    case "lastYear": return [day(year - 1, 0, 1), day(year - 1, 12, 0)];
    default: return ["", ""];
  }
}

/**
 * @param {number} year
 * @param {number} month from 0
 * @param {number} date 0: the last day of the month before
 */
function day(year, month, date) {
  return new Date(Date.UTC(year, month, date)).toISOString().slice(0, 10);
}

/**
 * @param {URLSearchParams} query
 * @param {string} name
 * @param {string} value empty: left out
 */
function set(query, name, value) {
  if (value) query.set(name, value);
  else query.delete(name);
}

/**
 * @param {string} label
 * @param {[string, string][]} options value and text
 * @param {string[]} values
 */
function select(label, options, values) {
  const field = el("select", { "aria-label": label });
  setChildren(field, ...options.map(([value, text]) => el("option", { value }, text)));
  choose(field, values);
  return field;
}

/**
 * Choose a value of the URL; several, or one that there is not, stay as they are until another is chosen.
 * @param {HTMLSelectElement} field
 * @param {string[]} values
 */
function choose(field, values) {
  field.value = values[0] ?? "";
  if (values.length < 2 && field.selectedIndex >= 0) return;
  field.append(el("option", { value: "several" }, values.length > 1 ? textOf("several") : values[0]));
  field.value = "several";
}
