/** SVG elements, and the few shapes that the charts are made of. */

const NS = "http://www.w3.org/2000/svg";

/** @typedef {{left: number, top: number, width: number, height: number}} Box where the values are, in pixels */
/** @typedef {import("../contract.js").Measured} Measured */

/**
 * An SVG element.
 * @param {string} name tag and classes: "rect.turns"
 * @param {Record<string, string | number>} [given] attributes
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function svg(name, given = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElementNS(NS, tag);
  if (classes.length) made.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/**
 * Whole, round numbers from 0 to the first that is not below the highest value.
 * @param {number} highest
 * @returns {number[]}
 */
export function rounds(highest) {
  const rough = Math.max(highest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10));
  return Array.from({ length: Math.ceil(Math.max(highest, 1) / step) + 1 }, (_, place) => place * step);
}

/**
 * Where the middle of a place is.
 * @param {Box} box
 * @param {number} place
 * @param {number} places
 */
export function across(box, place, places) {
  return box.left + (box.width * (place + 0.5)) / places;
}

/**
 * A bar for each value that is there.
 * @param {Box} box
 * @param {Measured[]} values
 * @param {number} top the value at the box's upper edge
 * @param {string} style
 */
export function bars(box, values, top, style) {
  const width = Math.max(1, (box.width / values.length) * 0.7);
  return svg(`g.${style}`, {}, ...values.flatMap((value, place) => {
    if (!value) return [];
    const height = Math.max(1.5, (box.height * value) / top);
    return [svg("rect", { x: across(box, place, values.length) - width / 2, y: box.top + box.height - height, width, height, rx: Math.min(2, height / 2) })];
  }));
}

/**
 * A point for each value that is there, and lines between neighbours.
 * @param {Box} box
 * @param {Measured[]} values
 * @param {number} top
 * @param {string} style
 */
export function lines(box, values, top, style) {
  const points = values.map((value, place) => value === null ? null : [across(box, place, values.length), box.top + box.height * (1 - value / top)]);
  const path = points.map((point, place) => point ? `${points[place - 1] ? "L" : "M"}${point.join(" ")}` : "").join("");
  return svg(`g.${style}`, {}, svg("path", { d: path }), ...points.flatMap((point) => point ? [svg("circle", { cx: point[0], cy: point[1], r: 3 })] : []));
}

/**
 * Lines across at these values, each said at its left, and what stands below.
 * @param {Box} box
 * @param {number[]} values
 * @param {(value: number) => string} said
 * @param {{at: number, text: string}[]} marks
 */
export function axes(box, values, said, marks) {
  const right = box.left + box.width;
  const foot = box.top + box.height;
  const high = values[values.length - 1];
  return svg("g.axes", {},
    ...values.flatMap((value) => {
      const y = Math.round(foot - (box.height * value) / high) + 0.5;
      return [svg("line", { x1: box.left, x2: right, y1: y, y2: y }), svg("text", { x: box.left - 6, y: y + 4, "text-anchor": "end" }, said(value))];
    }),
    ...marks.map(({ at, text }) => svg("text", { x: box.left + box.width * at, y: foot + 18, "text-anchor": at === 1 ? "end" : "middle" }, text)));
}
