import type { StubCounts } from "../scenario.ts";

/** What a client did in its window. */
export interface Measurement {
  readonly messages: number;
  readonly seconds: number;
  /** User and system time of the whole process, including garbage collector and crypto threads. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

export type FromWorker =
  | { readonly at: "window-start" }
  | { readonly at: "window-end"; readonly measurement: Measurement }
  | { readonly at: "stopped"; readonly done: number };

export interface FromStub {
  readonly counts: StubCounts;
  readonly cpu: NodeJS.CpuUsage;
}
