/**
 * `queueMicrotask` as it was when the engine was loaded. Fake timers of jest and sinon replace it with one
 * that waits for the test, while the test waits for a send: neither would end.
 */
export const soon: (task: () => void) => void = queueMicrotask;
