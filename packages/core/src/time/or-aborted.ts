/** Settles as `work` does, or as `onAbort` does if the signal comes first; `work` then goes on, ignored. */
export function orAborted<Value>(
  work: Promise<Value>,
  signal: AbortSignal,
  onAbort: () => Value,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      try {
        resolve(onAbort());
      } catch (error) {
        /* oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it is */
        reject(error);
      }
    };
    if (signal.aborted) {
      stop();
    } else {
      signal.addEventListener("abort", stop, { once: true });
    }
    work.finally(() => signal.removeEventListener("abort", stop)).then(resolve, reject);
  });
}
