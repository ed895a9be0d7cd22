/** Feedback on an answer: good or bad, and of a bad one what was wrong, who should have answered, and a comment. */

import { announce, el, setText } from "./dom.js";
import { allEmployees } from "./employees.js";
import { request, requestJson } from "./http.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").Feedback} Feedback */

const REASONS = /** @type {const} */ (["wrong", "not_asked", "wrong_employee", "unsafe", "other"]);
const MAX_COMMENT = 1000;

document.head.append(el("link", { rel: "stylesheet", href: "/page/feedback.css" }));

/**
 * Add to an answer's footer two buttons, what was done, and the form that the second button opens.
 * @param {import("./message.js").Answer} answer
 * @param {Feedback | null} [given]
 */
export function addFeedback(answer, given = null) {
  const turn = answer.element.dataset.turn ?? "";
  let feedback = given;
  let sending = false;
  const path = `/turns/${turn}/feedback`;
  const up = el("button.quiet", { type: "button", "aria-label": textOf("goodAnswer"), onclick: () => (feedback?.rating === "up" ? takeBack() : send({ rating: "up" })) }, icon("thumb-up"));
  const down = el("button.quiet", { type: "button", "aria-label": textOf("badAnswer"), "aria-expanded": "false", onclick: async () => {
    if (form.hidden === false) open(false);
    else if (feedback?.rating === "down" || await send({ rating: "down" })) open(true);
  } }, icon("thumb-down"));
  const status = el("span.small.feedback-status");
  const { form, read, fill } = feedbackForm(turn, answer.slug, {
    send: async () => {
      if (await send(read())) close(textOf("feedbackThanks"));
    },
    takeBack: async () => {
      if (await takeBack()) close("");
    },
    cancel: () => close(""),
  });

  const say = (/** @type {string} */ text) => {
    setText(status, text);
    if (text) announce(text);
  };
  const show = () => {
    up.setAttribute("aria-pressed", String(feedback?.rating === "up"));
    down.setAttribute("aria-pressed", String(feedback?.rating === "down"));
    if (feedback?.rating !== "down") open(false);
  };
  const open = (/** @type {boolean} */ opened) => {
    if (opened) fill(feedback);
    form.hidden = !opened;
    down.setAttribute("aria-expanded", String(opened));
  };
  const close = (/** @type {string} */ said) => {
    open(false);
    say(said);
    down.focus();
  };
  /** @param {() => Promise<Feedback | null>} change @returns {Promise<boolean>} whether the server took it */
  const change = async (change) => {
    if (sending) return false;
    sending = true;
    say("");
    try {
      feedback = await change();
      show();
      return true;
    } catch (error) {
      say(/** @type {Error} */ (error).message);
      return false;
    } finally {
      sending = false;
    }
  };
  const send = (/** @type {object} */ body) => change(async () => /** @type {Feedback} */ (await requestJson(path, { method: "PUT", body })));
  const takeBack = () => change(async () => {
    await request(path, { method: "DELETE" });
    return null;
  });
  show();
  answer.footer.querySelector(".meta")?.before(el("span.thumbs", {}, up, down), status, form);
}

/**
 * @param {string} turn
 * @param {string | undefined} answeredBy slug
 * @param {{send: () => void, takeBack: () => void, cancel: () => void}} actions
 */
function feedbackForm(turn, answeredBy, { send, takeBack, cancel }) {
  const radios = REASONS.map((reason) => el("input", { type: "radio", name: `reason-${turn}`, value: reason }));
  const employee = el("select", {}, el("option", { value: "" }, textOf("notSure")),
    ...allEmployees().filter(({ slug }) => slug !== answeredBy).map(({ slug, name, title }) => el("option", { value: slug }, `${name}, ${title}`)));
  const employeeLabel = el("label", {}, textOf("whoShouldAnswer"), employee);
  const comment = el("textarea", { rows: 2, maxlength: MAX_COMMENT, dir: "auto" });
  const chosen = () => radios.find((radio) => radio.checked)?.value;
  const showEmployee = () => { employeeLabel.hidden = chosen() !== "wrong_employee"; };
  const form = el("form.feedback-form", { hidden: true, onchange: showEmployee,
    onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      send();
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") cancel();
    } },
  el("fieldset", {}, el("legend", {}, textOf("whatWasWrong")),
    ...radios.map((radio, index) => el("label", {}, radio, textOf(`reason_${REASONS[index]}`)))),
  employeeLabel, el("label", {}, textOf("comment"), comment),
  el("div.buttons", {}, el("button", { type: "submit" }, textOf("sendFeedback")),
    el("button.quiet", { type: "button", onclick: takeBack }, textOf("takeFeedbackBack")), el("button.quiet", { type: "button", onclick: cancel }, textOf("close"))));
  return {
    form,
    read: () => {
      const reason = chosen();
      return {
        rating: "down", ...(reason && { reason }), ...(comment.value.trim() && { comment: comment.value }),
        ...(reason === "wrong_employee" && employee.value && { employee: employee.value }),
      };
    },
    /** @param {Feedback | null} feedback */
    fill: (feedback) => {
      for (const radio of radios) radio.checked = radio.value === feedback?.reason;
      employee.value = feedback?.employee ?? "";
      comment.value = feedback?.comment ?? "";
      showEmployee();
    },
  };
}
