/** The person's own last seven days. */

import { byId, el } from "./dom.js";
import { badge, employee } from "./employees.js";
import { each, say } from "./keep.js";
import { count } from "./numbers.js";
import { showNumbers } from "./tiles.js";

const DAY = 24 * 60 * 60 * 1000;
const letter = new Intl.DateTimeFormat(undefined, { weekday: "narrow", timeZone: "UTC" });
const whole = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });

const facts = el("dl.facts");
const days = el("ul.days", { "aria-label": "Days with messages" });
const top = el("ol.top", { "aria-label": "Who answered most" });
const note = el("p.small", {}, "Days begin and end by UTC.");
byId("week").append(facts, el("div.week", {}, el("div", {}, days, note), top));

/** @param {import("../contract.js").Insights} insights */
export function showWeek(insights) {
  showNumbers(facts, [
    { name: "Messages", value: count(insights.messages) },
    { name: "Conversations", value: count(insights.conversations) },
    { name: "Facts learned", value: count(insights.facts_learned) },
    { name: "Active days", value: `${count(insights.active_days)} of ${count(insights.days)}` },
  ]);
  each(days, datesOf(insights), (date) => date, makeDay, (item, date) => {
    const active = insights.active_dates.includes(date);
    item.classList.toggle("active", active);
    say(item.querySelector(".unseen"), `${whole.format(Date.parse(date))}: ${active ? "active" : "quiet"}`);
  });
  each(top, insights.top_employees, (one) => one.employee_slug, makeAnswers, (item, { answers }) => {
    say(item.querySelector(".times"), `${count(answers)} ${answers === 1 ? "answer" : "answers"}`);
  });
}

/** @param {import("../contract.js").Insights} insights */
function datesOf({ since, days: number }) {
  return Array.from({ length: number }, (_, day) => new Date(Date.parse(since) + day * DAY).toISOString().slice(0, 10));
}

/** @param {string} date */
function makeDay(date) {
  return el("li", {}, el("span.dot", { "aria-hidden": "true" }), el("span", { "aria-hidden": "true" }, letter.format(Date.parse(date))), el("span.unseen"));
}

/** @param {{employee_slug: string}} one */
function makeAnswers({ employee_slug }) {
  const who = employee(employee_slug);
  return el("li", {}, badge(who), el("span", {}, who.name), " ", el("span.times"));
}
