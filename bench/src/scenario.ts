import type { Running } from "./callers.ts";

/** The first three are endless stubs. The last is the emulator, to measure the cost of its own sockets. */
export type StubKind = "sqs" | "service-bus" | "pubsub" | "service-bus-emulator";

/** The server that a scenario talks to. */
export interface StubPlan {
  readonly kind: StubKind;
  /** Milliseconds of a round trip in addition to loopback's. @default 0 */
  readonly roundTripMs?: number;
  /** Bodies are texts of about this many bytes, without JSON. If absent, they are JSON documents of 1 KB. */
  readonly textBytes?: number;
}

/** One way to do a job repeatedly. Runs in a process of its own. */
export interface SteadyScenario {
  /** A unique name that goals refer to. */
  readonly name: string;
  readonly stub?: StubPlan;
  /** The stub's count that must be at least the number of messages that the client reports as done. */
  readonly accounts?: "sent" | "settled";
  start(stub: { readonly port: number }): Promise<Running>;
}

/** Something that happens once per process, such as an import or a first send. */
export interface ColdScenario {
  readonly name: string;
  readonly stub?: StubPlan;
  /** A file in `cold/` that sends its measures and ends. */
  readonly cold: string;
}

export type Scenario = SteadyScenario | ColdScenario;

/** A trial's results by name: `messagesPerSecond`, `cpuMicros`, `requestsPerMessage`, `rssMb`, … */
export type Measures = Readonly<Record<string, number>>;

/** The counts of a stub since its start. */
export interface StubCounts {
  readonly requests: number;
  readonly sent: number;
  readonly received: number;
  readonly settled: number;
}
