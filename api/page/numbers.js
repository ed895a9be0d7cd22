/** How numbers are said. What nobody measured is a dash: it is neither zero nor nothing at all. */

export const NOTHING = "–";

const whole = new Intl.NumberFormat();
const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 2 });
const difference = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const tenths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const SIZES = ["bytes", "kB", "MB", "GB", "TB"];

/** @typedef {import("../contract.js").Measured} Measured */

/** @param {Measured} number */
export function count(number) {
  return number === null ? NOTHING : whole.format(number);
}

/** @param {Measured} number of a hundred */
export function percent(number) {
  return number === null ? NOTHING : share.format(number / 100);
}

/**
 * How many of how many.
 * @param {number} part
 * @param {number} all
 */
export function portion(part, all) {
  return all ? share.format(Math.round((part / all) * 1000) / 1000) : NOTHING;
}

/**
 * By how much the first is above the second.
 * @param {number} value
 * @param {number} truth
 */
export function deviation(value, truth) {
  return truth ? difference.format(value / truth - 1) : NOTHING;
}

/**
 * To the millisecond, because a verdict may hang on it.
 * @param {Measured} ms
 */
export function duration(ms) {
  if (ms === null) return NOTHING;
  return ms < 10_000 ? `${whole.format(ms)}\u00a0ms` : `${tenths.format(ms / 1000)}\u00a0s`;
}

/**
 * A round one.
 * @param {number} ms
 */
export function roundDuration(ms) {
  return ms && ms < 1000 ? `${whole.format(ms)}\u00a0ms` : `${tenths.format(ms / 1000)}\u00a0s`;
}

/** @param {number} number */
export function bytes(number) {
  const power = number < 1000 ? 0 : Math.min(Math.floor(Math.log10(number) / 3), SIZES.length - 1);
  return `${tenths.format(number / 1000 ** power)} ${SIZES[power]}`;
}
