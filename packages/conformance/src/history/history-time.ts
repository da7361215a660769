/** Tells the time of a history; tests pass a virtual one. */
export interface HistoryTime {
  /** Monotonic nanoseconds. */
  monotonic(): number;
  /** Unix epoch milliseconds. */
  wall(): number;
}

/** The machine's own: the monotonic base is shared by all its processes. */
export const machineHistoryTime: HistoryTime = {
  monotonic: () => Number(process.hrtime.bigint()),
  wall: () => Date.now(),
};
