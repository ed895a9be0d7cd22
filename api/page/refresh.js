/** Asking again and again, as long as somebody can see the answer. */

const EVERY = 15_000;

/**
 * Begin.
 * @param {(signal: AbortSignal) => Promise<void>} ask
 * @param {(error: unknown) => void} failed it is asked again all the same
 * @returns {() => void} asks now, and forgets what is being asked
 */
export function keepAsking(ask, failed) {
  let control = new AbortController();
  /** @type {any} */
  let timer = 0;
  const now = async () => {
    clearTimeout(timer);
    control.abort();
    const mine = control = new AbortController();
    try {
      await ask(mine.signal);
    } catch (error) {
      if (!mine.signal.aborted) failed(error);
    } finally {
      if (!mine.signal.aborted && !document.hidden) timer = setTimeout(now, EVERY);
    }
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) now();
  });
  addEventListener("online", now);
  now();
  return now;
}
