/** The team: who there is, and how each looks. */

import { el } from "./dom.js";
import { json } from "./http.js";

/** @typedef {import("../contract.js").Employee} Employee */
/** @typedef {Pick<Employee, "slug" | "name" | "title" | "emoji">} Face */

/** @type {Employee[]} */
let team = [];

/** Ask who there is. */
export async function meet() {
  team = await json("/employees");
  return team;
}

/** Everyone, the boss first. */
export function everyone() {
  return team;
}

/**
 * The employee of this slug.
 * @param {string | null} slug
 * @returns {Face}
 */
export function employee(slug) {
  return team.find((one) => one.slug === slug) ?? { slug: "prime", name: "Frontdesk", title: "", emoji: "💬" };
}

/**
 * The employee's icon in their colour.
 * @param {Face} one
 */
export function badge(one) {
  return el(`span.badge.of-${one.slug}`, { "aria-hidden": "true" }, one.emoji);
}
