import type { Running } from "./callers.ts";

/** All but the last are endless stubs; that one is the emulator, for what its own sockets cost. */
export type StubKind = "sqs" | "service-bus" | "pubsub" | "service-bus-emulator";

/** The server that a scenario talks to. */
export interface StubPlan {
  readonly kind: StubKind;
  /** Milliseconds of a round trip on top of loopback's. @default 0 */
  readonly roundTripMs?: number;
  /** Bodies are texts of about so many bytes that nobody writes or parses, instead of JSON documents of 1 KB. */
  readonly textBytes?: number;
}

/** One way to do a job over and over; runs in a process of its own. */
export interface SteadyScenario {
  /** Unique; goals refer to it. */
  readonly name: string;
  readonly stub?: StubPlan;
  /** What the stub must have counted for every message that the client says is done. */
  readonly accounts?: "sent" | "settled";
  start(stub: { readonly port: number }): Promise<Running>;
}

/** Something that happens once in the life of a process: an import, a first send. */
export interface ColdScenario {
  readonly name: string;
  readonly stub?: StubPlan;
  /** File under `cold/`; it sends its measures and ends. */
  readonly cold: string;
}

export type Scenario = SteadyScenario | ColdScenario;

/** What a trial gives, by name: `messagesPerSecond`, `cpuMicros`, `requestsPerMessage`, `rssMb`, `importMs`, … */
export type Measures = Readonly<Record<string, number>>;

/** What a stub has counted since it started. */
export interface StubCounts {
  readonly requests: number;
  readonly sent: number;
  readonly received: number;
  readonly settled: number;
}
