/** The user's own last seven days. */

import { byId, el, setText, syncChildren } from "./dom.js";
import { badge, employeeBySlug } from "./employees.js";
import { formatInteger } from "./format.js";
import { locale, textOf } from "./texts.js";
import { showTiles } from "./tiles.js";

const DAY = 24 * 60 * 60 * 1000;
const weekdayFormat = new Intl.DateTimeFormat(locale, { weekday: "narrow", timeZone: "UTC" });
const dateFormat = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });

const tiles = el("dl.small-tiles");
const days = el("ul.days", { "aria-label": textOf("daysWithMessages") });
const topEmployees = el("ol.top-employees", { "aria-label": textOf("mostAnswers") });
byId("insights").append(tiles,
  el("div.insights", {}, el("div", {}, days, el("p.small", {}, textOf("daysInUtc"))), topEmployees));

/** @param {import("../contract.js").Insights} insights */
export function showInsights(insights) {
  showTiles(tiles, [
    { name: textOf("messages"), value: formatInteger(insights.messages) },
    { name: textOf("conversations"), value: formatInteger(insights.conversations) },
    { name: textOf("factsLearned"), value: formatInteger(insights.facts_learned) },
    { name: textOf("activeDays"), value: textOf("activeDaysOf", { active: insights.active_days, days: insights.days }) },
  ]);
  syncChildren(days, datesOf(insights), (date) => date, createDay, (item, date) => {
    const active = insights.active_dates.includes(date);
    item.classList.toggle("active", active);
    setText(item.querySelector(".visually-hidden"), textOf(active ? "dayActive" : "dayInactive", { date: dateFormat.format(Date.parse(date)) }));
  });
  syncChildren(topEmployees, insights.top_employees, ({ employee_slug }) => employee_slug, createEmployee, (item, { answers }) => {
    setText(item.querySelector(".count"), textOf("answers", { count: answers }));
  });
}

/**
 * All dates of the week, such as "2026-11-29".
 * @param {import("../contract.js").Insights} insights
 */
function datesOf({ since, days: length }) {
  return Array.from({ length }, (_, day) => new Date(Date.parse(since) + day * DAY).toISOString().slice(0, 10));
}

/** @param {string} date */
function createDay(date) {
  return el("li", {}, el("span.dot", { "aria-hidden": "true" }), el("span", { "aria-hidden": "true" }, weekdayFormat.format(Date.parse(date))), el("span.visually-hidden"));
}

/** @param {{employee_slug: string}} answers */
function createEmployee({ employee_slug }) {
  const employee = employeeBySlug(employee_slug);
  return el("li", {}, badge(employee), el("span", {}, employee.name), " ", el("span.count"));
}
