/** A chart of a series: drawn for who sees it, read point by point with pointer or keys, and a table for everyone. */

import { el, fill } from "./dom.js";
import { across, axes, bars, lines, rounds, svg } from "./drawing.js";
import { each, say } from "./keep.js";

/** @typedef {import("../contract.js").Point} Point */
/** @typedef {import("../contract.js").Measured} Measured */
/** @typedef {{at: number, text: string}} Mark a text below the axis, at this part of it */
/**
 * @typedef {{
 *   about: string, shape: "bars" | "lines", said: (value: Measured) => string, tick: (value: number) => string,
 *   columns: {name: string, style: string, of: (point: Point) => Measured}[],
 * }} Kind
 */

const HEIGHT = 190;
const SHAPES = { bars, lines };
const EDGE = { left: 52, right: 4, top: 8, bottom: 26 };

export class Chart {
  /**
   * @param {Element} place
   * @param {Kind} kind
   */
  constructor(place, kind) {
    this.kind = kind;
    /** @type {Point[]} */
    this.points = [];
    /** @type {string[]} */
    this.when = [];
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {number | null} the point that is being read */
    this.read = null;
    this.cursor = svg("rect.cursor");
    this.picture = svg("svg", { "aria-hidden": "true", height: HEIGHT });
    this.reading = el("div.reading", { "aria-hidden": "true", hidden: true });
    this.keys = el("input.keys", { type: "range", min: 0, step: 1, "aria-label": `${kind.about}, point by point` });
    this.plot = el("div.plot", { dir: "ltr" }, this.picture, this.keys, this.reading); // time runs to the right
    this.rows = el("tbody");
    place.append(this.legend(), this.plot, this.table());
    this.listen();
  }

  /**
   * @param {Point[]} points
   * @param {string[]} when what the time of each is called
   * @param {Mark[]} marks
   */
  show(points, when, marks) {
    const others = points.length !== this.points.length;
    Object.assign(this, { points, when, marks });
    this.keys.max = String(points.length - 1);
    if (others) this.keys.value = String(points.length - 1);
    if (others && this.read !== null) this.read = points.length - 1;
    this.draw();
    each(this.rows, points, (_, place) => String(place), () => this.row(), (row, point, place) => {
      say(row.children[0], when[place]);
      this.kind.columns.forEach(({ of }, column) => say(row.children[column + 1], this.kind.said(of(point))));
    });
  }

  draw() {
    const box = this.box();
    if (box.width <= 0 || !this.points.length) return; // not shown, or nothing told yet
    const columns = this.kind.columns.map(({ style, of }) => ({ style, values: this.points.map(of) }));
    const scale = rounds(Math.max(...columns.flatMap(({ values }) => values.map((value) => value ?? 0))));
    const top = scale[scale.length - 1];
    this.picture.setAttribute("width", String(this.plot.clientWidth));
    this.picture.replaceChildren(this.cursor, axes(box, scale, this.kind.tick, this.marks),
      ...columns.map(({ style, values }) => SHAPES[this.kind.shape](box, values, top, style)));
    this.at(this.read);
  }

  /** @param {number | null} place the point to read; null: none */
  at(place) {
    this.read = place;
    const next = place ?? Number(this.keys.value); // what the keys would read
    const said = this.kind.columns.map(({ name, of }) => ({ name, value: this.kind.said(of(this.points[next])) }));
    this.keys.setAttribute("aria-valuetext", `${this.when[next]}: ${said.map(({ name, value }) => `${name} ${value}`).join(", ")}`);
    this.reading.hidden = place === null;
    this.cursor.classList.toggle("shown", place !== null);
    if (place === null) return;
    fill(this.reading, el("strong", {}, this.when[place]), ...said.map(({ name, value }) => el("span", {}, `${name} `, el("b", {}, value))));
    const box = this.box();
    const middle = across(box, place, this.points.length);
    const width = box.width / this.points.length;
    for (const [name, value] of Object.entries({ x: middle - width / 2, y: box.top, width, height: box.height })) this.cursor.setAttribute(name, String(value));
    this.reading.style.left = `${between(0, middle - this.reading.offsetWidth / 2, this.plot.clientWidth - this.reading.offsetWidth)}px`;
  }

  /** @returns {import("./drawing.js").Box} */
  box() {
    return { left: EDGE.left, top: EDGE.top, width: this.plot.clientWidth - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  }

  /** @param {MouseEvent} event */
  under(event) {
    const box = this.box();
    const x = event.clientX - this.plot.getBoundingClientRect().left - box.left;
    return between(0, Math.floor((x / box.width) * this.points.length), this.points.length - 1);
  }

  listen() {
    new ResizeObserver(() => this.draw()).observe(this.plot);
    const chosen = () => this.at(document.activeElement === this.keys ? Number(this.keys.value) : null);
    this.plot.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.at(this.under(event)));
    this.plot.addEventListener("pointerleave", chosen);
    this.plot.addEventListener("click", (/** @type {MouseEvent} */ event) => { // what is tapped stays until something else is
      this.keys.value = String(this.under(event));
      this.keys.focus({ preventScroll: true });
      chosen();
    });
    for (const name of ["focus", "blur", "input"]) this.keys.addEventListener(name, chosen);
    this.keys.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") this.at(null); });
  }

  legend() {
    return el("ul.legend", { "aria-hidden": "true" }, ...this.kind.columns.map(({ name, style }) => el(`li.${style}`, {}, el("span"), name)));
  }

  table() {
    const names = ["When", ...this.kind.columns.map(({ name }) => name)];
    return el("details.numbers", {}, el("summary", {}, "As a table"),
      el("div.scroll", { tabindex: 0, role: "region", "aria-label": `${this.kind.about} as a table` }, el("table", {},
        el("caption.unseen", {}, `${this.kind.about}, the oldest first`),
        el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name)))),
        this.rows)));
  }

  row() {
    return el("tr", {}, el("th", { scope: "row" }), ...this.kind.columns.map(() => el("td")));
  }
}

/**
 * @param {number} low
 * @param {number} value
 * @param {number} high
 */
function between(low, value, high) {
  return Math.max(low, Math.min(value, high));
}
