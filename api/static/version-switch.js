/** The buttons ‹ and › that lead to other versions of a message, and what is known of these. */

import { showComposerError } from "./composer.js";
import { el } from "./dom.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/**
 * The versions of a message: see Message in contract.d.ts.
 * @typedef {Pick<import("../contract.js").Message, "turn_id" | "versions" | "questions">} Versions
 */

/** @type {WeakMap<Element, Versions>} */
const versionsOf = new WeakMap();

/**
 * Use the module that makes and switches versions, which is loaded when somebody wants one.
 * @param {(module: typeof import("./versions.js")) => unknown} use
 */
export async function withVersions(use) {
  const module = await import("./versions.js").catch(() => null);
  if (module) await use(module);
  else showComposerError(new Error(textOf("serverUnreachable")));
}

/**
 * Keep the versions of a message with its item.
 * @param {Element} item
 * @param {Versions} known
 */
export const keepVersions = (item, known) => { versionsOf.set(item, known); };

/**
 * The versions of a message; of a new one the only one.
 * @param {Element} item
 * @param {string} turn_id
 * @returns {Versions}
 */
export const getVersions = (item, turn_id) => versionsOf.get(item) ?? { turn_id, versions: [turn_id], questions: [turn_id] };

/**
 * Show a user's message as this one of its versions.
 * @param {HTMLElement} item
 * @param {Versions} known
 */
export function setVersions(item, known) {
  const { turn_id, versions, questions } = known;
  keepVersions(item, known);
  item.dataset.turn = turn_id;
  const different = [...new Set(questions)];
  const own = different.indexOf(questions[versions.indexOf(turn_id)]);
  const latest = different.map((question) => versions[questions.lastIndexOf(question)]);
  item.querySelector(".switch")?.replaceWith(versionSwitch(latest, own));
}

/**
 * The buttons to other answers to the same question.
 * @param {Versions | null} known null: there is one answer
 */
export function answerSwitch(known) {
  if (!known) return null;
  const { turn_id, versions, questions } = known;
  const question = questions[versions.indexOf(turn_id)];
  const answers = versions.filter((_, index) => questions[index] === question);
  return versionSwitch(answers, answers.indexOf(turn_id));
}

/**
 * Two buttons that lead to the version before and after; nothing where there is one only.
 * @param {string[]} turns
 * @param {number} index of the one that is shown
 */
function versionSwitch(turns, index) {
  if (turns.length < 2) return el("span.switch");
  const place = { number: index + 1, total: turns.length };
  const button = (/** @type {number} */ step, /** @type {string} */ label, /** @type {"left" | "right"} */ direction) => el("button.icon", {
    type: "button", "aria-label": label, title: label, disabled: !turns[index + step],
    onclick: () => withVersions((module) => module.switchVersion(turns[index + step], element)),
  }, icon(direction));
  const element = el("span.switch", { role: "group", "aria-label": textOf("versions") },
    button(-1, textOf("previousVersion"), "left"),
    el("span.visually-hidden", {}, textOf("versionOf", place)), el("span", { "aria-hidden": "true" }, `${place.number}/${place.total}`),
    button(1, textOf("nextVersion"), "right"));
  return element;
}
