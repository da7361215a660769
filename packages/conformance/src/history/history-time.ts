/** The clock of a history; tests pass a virtual one. */
export interface HistoryTime {
  /** Monotonic nanoseconds. */
  monotonic(): number;
  /** Unix epoch milliseconds. */
  wall(): number;
}

/** The machine's clock: all its processes share the monotonic base. */
export const machineHistoryTime: HistoryTime = {
  monotonic: () => Number(process.hrtime.bigint()),
  wall: () => Date.now(),
};
