/** The AI employees: loaded once, shown by badge and name. */

import { el } from "./dom.js";
import { requestJson } from "./http.js";
import { icon, isIcon } from "./svg.js";
import { textOf, translated } from "./texts.js";

/** @typedef {import("../contract.js").Employee} Employee */
/** @typedef {Pick<Employee, "slug" | "name" | "title">} EmployeeProfile */

/** @type {Employee[]} */
let employees = [];

/** Load all employees. */
export async function loadEmployees() {
  employees = (await requestJson("/employees")).map(translated);
}

/** All employees, the boss first; empty until loaded. */
export function allEmployees() {
  return employees;
}

/**
 * The employee with this slug; a neutral profile if there is none.
 * @param {string | null} slug
 * @returns {EmployeeProfile}
 */
export function employeeBySlug(slug) {
  return employees.find((employee) => employee.slug === slug) ?? { slug: "prime", name: textOf("unknownEmployee"), title: "" };
}

/**
 * The employee's icon on a disc of their colour.
 * @param {EmployeeProfile} employee
 */
export function badge({ slug }) {
  return el(`span.badge.employee-${slug}`, {}, employeeIcon(slug));
}

/**
 * The employee's icon; a speech bubble for one who is not known.
 * @param {string | null} slug
 */
export function employeeIcon(slug) {
  return icon(/** @type {import("./svg.js").IconName} */ (slug && isIcon(slug) ? slug : "chat"));
}
