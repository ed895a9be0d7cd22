/** Dates in the list of conversations: the heading that a day belongs under, and a short time. */

import { locale, textOf } from "./texts.js";

/**
 * The group of a day: today, yesterday, the last seven days, or its month.
 * @param {Date} date
 */
export function dayGroup(date) {
  const days = daysAgo(date);
  if (days < 1) return textOf("today");
  if (days === 1) return textOf("yesterday");
  if (days <= 7) return textOf("lastSevenDays");
  const thisYear = date.getFullYear() === new Date().getFullYear();
  return date.toLocaleDateString(locale, { month: "long", ...(!thisYear && { year: "numeric" }) });
}

/**
 * The time of a day, or what day it was.
 * @param {Date} date
 */
export function shortTime(date) {
  const days = daysAgo(date);
  if (days < 1) return date.toLocaleTimeString(locale, { timeStyle: "short" });
  return date.toLocaleDateString(locale, days <= 7 ? { weekday: "short" } : { day: "numeric", month: "short" });
}

/** @param {Date} date in calendar days of this browser, whatever the clocks were changed */
function daysAgo(date) {
  const midnight = (/** @type {Date} */ day) => Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
  return Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
}
