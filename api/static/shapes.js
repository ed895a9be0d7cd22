/** Shapes of the charts: axes, bars, lines. */

import { svg } from "./svg.js";

/** @typedef {{left: number, top: number, width: number, height: number}} PlotArea in pixels */
/** @typedef {import("../contract.js").Measurement} Measurement */

/**
 * Round tick values from 0 to the first that is not below the maximum.
 * @param {number} maximum
 * @returns {number[]}
 */
export function ticks(maximum) {
  const roughStep = Math.max(maximum, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(roughStep));
  const step = Math.max(1, power * ([1, 2, 5].find((factor) => factor * power >= roughStep) ?? 10));
  return Array.from({ length: Math.ceil(Math.max(maximum, 1) / step) + 1 }, (_, index) => index * step);
}

/**
 * The x coordinate of a point: the middle of its slot.
 * @param {PlotArea} area
 * @param {number} index
 * @param {number} count of points
 */
export function xOf(area, index, count) {
  return area.left + (area.width * (index + 0.5)) / count;
}

/**
 * A bar for each value that is not null.
 * @param {PlotArea} area
 * @param {Measurement[]} values
 * @param {number} maximum the value at the top edge
 * @param {string} className
 */
export function bars(area, values, maximum, className) {
  const width = Math.max(1, (area.width / values.length) * 0.7);
  return svg(`g.${className}`, {}, ...values.flatMap((value, index) => {
    if (!value) return [];
    const height = Math.max(1.5, (area.height * value) / maximum);
    return [svg("rect", { x: xOf(area, index, values.length) - width / 2, y: area.top + area.height - height, width, height, rx: Math.min(2, height / 2) })];
  }));
}

/**
 * A dot for each value that is not null, and lines between neighbours.
 * @param {PlotArea} area
 * @param {Measurement[]} values
 * @param {number} maximum the value at the top edge
 * @param {string} className
 */
export function lines(area, values, maximum, className) {
  const points = values.map((value, index) => value === null ? null : [xOf(area, index, values.length), area.top + area.height * (1 - value / maximum)]);
  const path = points.map((point, index) => point ? `${points[index - 1] ? "L" : "M"}${point.join(" ")}` : "").join("");
  return svg(`g.${className}`, {}, svg("path", { d: path }), ...points.flatMap((point) => point ? [svg("circle", { cx: point[0], cy: point[1], r: 3 })] : []));
}

/**
 * Grid lines with the tick labels at their left, and labels below the x axis.
 * @param {PlotArea} area
 * @param {number[]} tickValues
 * @param {(value: number) => string} formatTick
 * @param {{position: number, text: string}[]} labels `position`: 0 (left) to 1 (right)
 */
export function axes(area, tickValues, formatTick, labels) {
  const right = area.left + area.width;
  const bottom = area.top + area.height;
  const maximum = tickValues[tickValues.length - 1];
  return svg("g.axes", {},
    ...tickValues.flatMap((value) => {
      const y = Math.round(bottom - (area.height * value) / maximum) + 0.5;
      return [svg("line", { x1: area.left, x2: right, y1: y, y2: y }), svg("text", { x: area.left - 6, y: y + 4, "text-anchor": "end" }, formatTick(value))];
    }),
    ...labels.map(({ position, text }) => svg("text", { x: area.left + area.width * position, y: bottom + 18, "text-anchor": position === 1 ? "end" : "middle" }, text)));
}
