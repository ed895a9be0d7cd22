/** Charts of turns and latency over time, read with pointer, keyboard or screen reader, and as a table. */

import { byId, el, setChildren, setText, syncChildren } from "./dom.js";
import { formatAxisDuration, formatDuration, formatInteger } from "./format.js";
import { axes, bars, lines, ticks, xOf } from "./shapes.js";
import { svg } from "./svg.js";
import { locale, textOf } from "./texts.js";

/** @typedef {import("../contract.js").SeriesPoint} SeriesPoint */
/** @typedef {import("../contract.js").Measurement} Measurement */
/** @typedef {{position: number, text: string}} AxisLabel `position`: 0 (left) to 1 (right) */
/**
 * @typedef {{
 *   name: string, draw: typeof bars, format: (value: Measurement) => string, formatTick: (value: number) => string,
 *   series: {name: string, className: string, valueOf: (point: SeriesPoint) => Measurement}[],
 * }} ChartOptions
 */

const HEIGHT = 190;
const MARGIN = { left: 52, right: 4, top: 8, bottom: 26 };
const now = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");
const dateFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const timeFormat = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });

/** A chart whose points are selected with a range input, so that keyboard and screen readers work as usual. */
class Chart {
  /**
   * @param {Element} container
   * @param {ChartOptions} options
   */
  constructor(container, options) {
    this.options = options;
    /** @type {SeriesPoint[]} */
    this.points = [];
    /** @type {string[]} the time of each point */
    this.times = [];
    /** @type {AxisLabel[]} */
    this.axisLabels = [];
    /** @type {number | null} the index of the point in the tooltip */
    this.selected = null;
    this.highlight = svg("rect.highlight");
    this.image = svg("svg", { "aria-hidden": "true", height: HEIGHT });
    this.tooltip = el("div.tooltip", { "aria-hidden": "true", hidden: true });
    this.slider = el("input.slider", { type: "range", min: 0, step: 1, "aria-label": textOf("pointByPoint", { chart: options.name }) });
    this.plot = el("div.plot", { dir: "ltr" }, this.image, this.slider, this.tooltip); // time runs left to right in every language
    this.rows = el("tbody");
    container.append(this.createLegend(), this.plot, this.createTable());
    this.addListeners();
  }

  /**
   * Show or update the data. Focus and selection stay.
   * @param {SeriesPoint[]} points
   * @param {string[]} times
   * @param {AxisLabel[]} axisLabels
   */
  show(points, times, axisLabels) {
    const lengthChanged = points.length !== this.points.length;
    Object.assign(this, { points, times, axisLabels });
    this.slider.max = String(points.length - 1);
    if (lengthChanged) this.slider.value = String(points.length - 1);
    if (lengthChanged && this.selected !== null) this.selected = points.length - 1;
    this.draw();
    syncChildren(this.rows, points, (_, index) => String(index), () => this.createRow(), (row, point, index) => {
      setText(row.children[0], times[index]);
      this.options.series.forEach(({ valueOf }, column) => setText(row.children[column + 1], this.options.format(valueOf(point))));
    });
  }

  draw() {
    const area = this.plotArea();
    if (area.width <= 0 || !this.points.length) return; // hidden, or no data yet
    const series = this.options.series.map(({ className, valueOf }) => ({ className, values: this.points.map(valueOf) }));
    const tickValues = ticks(Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0))));
    const maximum = tickValues[tickValues.length - 1];
    this.image.setAttribute("width", String(this.plot.clientWidth));
    this.image.replaceChildren(this.highlight, axes(area, tickValues, this.options.formatTick, this.axisLabels),
      ...series.map(({ className, values }) => this.options.draw(area, values, maximum, className)));
    this.select(this.selected);
  }

  /** @param {number | null} index the point to show in the tooltip; null: none */
  select(index) {
    this.selected = index;
    const sliderIndex = index ?? Number(this.slider.value);
    const values = this.options.series.map(({ name, valueOf }) => ({ name, text: this.options.format(valueOf(this.points[sliderIndex])) }));
    this.slider.setAttribute("aria-valuetext", `${this.times[sliderIndex]}: ${values.map(({ name, text }) => `${name} ${text}`).join(", ")}`);
    this.tooltip.hidden = index === null;
    this.highlight.classList.toggle("visible", index !== null);
    if (index === null) return;
    setChildren(this.tooltip, el("strong", {}, this.times[index]), ...values.map(({ name, text }) => el("span", {}, `${name} `, el("b", {}, text))));
    const area = this.plotArea();
    const middle = xOf(area, index, this.points.length);
    const width = area.width / this.points.length;
    for (const [name, value] of Object.entries({ x: middle - width / 2, y: area.top, width, height: area.height })) this.highlight.setAttribute(name, String(value));
    this.tooltip.style.left = `${clamp(middle - this.tooltip.offsetWidth / 2, 0, this.plot.clientWidth - this.tooltip.offsetWidth)}px`;
  }

  /** @returns {import("./shapes.js").PlotArea} */
  plotArea() {
    return { left: MARGIN.left, top: MARGIN.top, width: this.plot.clientWidth - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  }

  /** @param {MouseEvent} event */
  indexAt(event) {
    const area = this.plotArea();
    const x = event.clientX - this.plot.getBoundingClientRect().left - area.left;
    return clamp(Math.floor((x / area.width) * this.points.length), 0, this.points.length - 1);
  }

  addListeners() {
    new ResizeObserver(() => this.draw()).observe(this.plot);
    const selectFocused = () => this.select(document.activeElement === this.slider ? Number(this.slider.value) : null);
    this.plot.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.select(this.indexAt(event)));
    this.plot.addEventListener("pointerleave", selectFocused);
    this.plot.addEventListener("click", (/** @type {MouseEvent} */ event) => { // a tapped point stays selected
      this.slider.value = String(this.indexAt(event));
      this.slider.focus({ preventScroll: true });
      selectFocused();
    });
    for (const name of ["focus", "blur", "input"]) this.slider.addEventListener(name, selectFocused);
    this.slider.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") this.select(null); });
  }

  createLegend() {
    return el("ul.legend", { "aria-hidden": "true" }, ...this.options.series.map(({ name, className }) => el(`li.${className}`, {}, el("span"), name)));
  }

  createTable() {
    const columns = [textOf("time"), ...this.options.series.map(({ name }) => name)];
    return el("details.chart-table", {}, el("summary", {}, textOf("showAsTable")),
      el("div.scroll", { tabindex: 0, role: "region", "aria-label": textOf("asTable", { chart: this.options.name }) }, el("table", {},
        el("caption.visually-hidden", {}, textOf("oldestFirst", { chart: this.options.name })),
        el("thead", {}, el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, name)))),
        this.rows)));
  }

  createRow() {
    return el("tr", {}, el("th", { scope: "row" }), ...this.options.series.map(() => el("td")));
  }
}

const turnsChart = new Chart(byId("turns"), {
  name: textOf("turns"),
  draw: bars,
  format: formatInteger,
  formatTick: formatInteger,
  series: [
    { name: textOf("turns"), className: "turns", valueOf: (point) => point.turns },
    { name: textOf("unsuccessful"), className: "failures", valueOf: (point) => point.failures },
  ],
});

const latencyChart = new Chart(byId("latency"), {
  name: textOf("latency"),
  draw: lines,
  format: formatDuration,
  formatTick: formatAxisDuration,
  series: [
    { name: textOf("medianLatency"), className: "median", valueOf: (point) => point.p50_latency_ms },
    { name: textOf("percentile95"), className: "percentile", valueOf: (point) => point.p95_latency_ms },
  ],
});

/**
 * Show or update both charts.
 * @param {SeriesPoint[]} points without gaps, oldest first
 * @param {import("../contract.js").Summary} summary of the time that they span
 */
export function showCharts(points, { range, hours, since, until }) {
  const ends = [...points.slice(1).map(({ at }) => at), until];
  const times = points.map(({ at }, index) => timeFormat.formatRange(Date.parse(at), Date.parse(ends[index])));
  const labels = range === "custom" ? dateLabels(Date.parse(since), Date.parse(until)) : ageLabels(hours);
  turnsChart.show(points, times, labels);
  latencyChart.show(points, times, labels);
}

/**
 * @param {number} hours
 * @returns {AxisLabel[]}
 */
function ageLabels(hours) {
  const [unit, size, ages] = /** @type {["day" | "hour", number, number[]]} */ (hours > 48 ? ["day", 24, [6, 4, 2]] : ["hour", 1, [18, 12, 6]]);
  const age = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "narrow" });
  return [...ages.map((units) => ({ position: 1 - (units * size) / hours, text: age.format(-units) })), { position: 1, text: now }];
}

/**
 * @param {number} since
 * @param {number} until
 * @returns {AxisLabel[]}
 */
function dateLabels(since, until) {
  return [1 / 4, 5 / 8, 1].map((position) => ({ position, text: dateFormat.format(since + position * (until - 1 - since)) }));
}

/**
 * @param {number} value
 * @param {number} minimum
 * @param {number} maximum
 */
function clamp(value, minimum, maximum) {
  return Math.max(minimum, Math.min(value, maximum));
}
