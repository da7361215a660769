/**
 * `queueMicrotask` as it was when the engine was loaded. Fake timers of jest and sinon put one in its place that waits for
 * the test, which waits for a send: neither would end.
 */
export const soon: (task: () => void) => void = queueMicrotask;
