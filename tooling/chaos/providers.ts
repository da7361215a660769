import type { ExploredFeatures, HistoryPromises, LeaseOf } from "@anyqueue/conformance";
import type { Provider } from "@anyqueue/core/adapter";
import type { EmulatorEndpoints, EmulatorOptions } from "@anyqueue/emulator";
import { memory } from "@anyqueue/memory";
import { pubsub } from "@anyqueue/pubsub";
import { serviceBus } from "@anyqueue/service-bus";
import { sqs } from "@anyqueue/sqs";

/** The emulated service of a provider. Memory has none. */
export type Front = "sqs" | "service-bus" | "pubsub";

/** One kind of queue in the matrix. */
export interface Stage {
  /** Absent if the queue is inside one process. */
  readonly front?: Front;
  readonly ordered: boolean;
  /** The shortest lease of the service, or one that is short enough, milliseconds. */
  readonly leaseMs: number;
  readonly promises: Partial<HistoryPromises>;
  /** What seeded schedules may ask of it beside the order. @default nothing */
  readonly features?: ExploredFeatures;
  /** The same for the widest of them. @default nothing */
  readonly wideFeatures?: ExploredFeatures;
  /** The name under which the emulator records a hand-over. */
  readonly leaseOf?: LeaseOf;
  /** `address`: `host:port` of the service or of a proxy in front of it. */
  url(address: string): string;
  provider(): Provider;
}

const ANY_CREDENTIALS = { accessKeyId: "chaos", secretAccessKey: "chaos" };

const SQS_STAGE = {
  front: "sqs",
  leaseOf: (native: unknown) => textIn(native, "ReceiptHandle"),
  leaseMs: 4_000,
  url: (address: string) => `sqs://eu-west-1?endpoint=http://${address}`,
  provider: () => sqs({ credentials: ANY_CREDENTIALS }),
} as const;

const SERVICE_BUS_STAGE = {
  front: "service-bus",
  leaseOf: (native: unknown) => textIn(native, "lockToken"),
  leaseMs: 5_000,
  url: (address: string) => `service-bus://emulator?endpoint=${address}`,
  provider: () => serviceBus(),
} as const;

const PUBSUB_STAGE = {
  front: "pubsub",
  leaseOf: (native: unknown) => textIn(native, "ackId"),
  leaseMs: 10_000,
  url: (address: string) => `pubsub://chaos?endpoint=${address}`,
  provider: () => pubsub(),
} as const;

/** The service also counts released deliveries, and a consumer knows only those that it released itself. */
const RELEASES_COUNT = { deliveryCount: "perConsumer" } as const;

const MEMORY_STAGE = {
  leaseMs: 2_000,
  url: () => "memory:",
  provider: () => memory(),
} as const;

const STAGES = {
  memory: { ...MEMORY_STAGE, ordered: false, promises: { deliveryCount: "exact" } },
  "memory-ordered": { ...MEMORY_STAGE, ordered: true, promises: { deliveryCount: "exact" } },
  sqs: {
    ...SQS_STAGE,
    ordered: false,
    promises: { ...RELEASES_COUNT, lateAcks: true },
    features: { needs: ["delay"] },
    wideFeatures: { needs: ["delay"], emulate: ["ttl"] },
  },
  "sqs-fifo": {
    ...SQS_STAGE,
    ordered: true,
    promises: RELEASES_COUNT,
    features: { needs: ["deduplication"] },
    wideFeatures: { needs: ["deduplication"], emulate: ["ttl"] },
  },
  // The service counts a delivery lost on its way, but not one whose session ended before its lock.
  "service-bus": {
    ...SERVICE_BUS_STAGE,
    ordered: false,
    promises: { deliveryCount: "approximate" },
    wideFeatures: { needs: ["delay", "ttl"] },
  },
  "service-bus-session": {
    ...SERVICE_BUS_STAGE,
    ordered: true,
    promises: { deliveryCount: "approximate" },
    wideFeatures: { needs: ["ttl"] },
  },
  // Pub/Sub accepts an ack without reporting its effect, so accepting a late ack is not a violation.
  pubsub: {
    ...PUBSUB_STAGE,
    ordered: false,
    promises: { ...RELEASES_COUNT, lateAcks: true },
    features: { emulate: ["delay"] },
    wideFeatures: { emulate: ["delay", "ttl"] },
  },
  "pubsub-ordered": {
    ...PUBSUB_STAGE,
    ordered: true,
    promises: { ...RELEASES_COUNT, lateAcks: true, redeliversFollowers: true },
    wideFeatures: { emulate: ["ttl"] },
  },
  "pubsub-exactly-once": {
    ...PUBSUB_STAGE,
    ordered: false,
    promises: RELEASES_COUNT,
    wideFeatures: { emulate: ["delay", "ttl"] },
    provider: () => pubsub({ provisioning: { exactlyOnce: true } }),
  },
} as const satisfies Readonly<Record<string, Stage>>;

function textIn(native: unknown, member: string): string | undefined {
  const value: unknown = Reflect.get(Object(native), member);
  return typeof value === "string" ? value : undefined;
}

/** The name of a kind of queue in `--only`. */
export type StageName = keyof typeof STAGES;

export const MEMORY: readonly StageName[] = ["memory", "memory-ordered"];
export const SQS: readonly StageName[] = ["sqs", "sqs-fifo"];
export const SERVICE_BUS: readonly StageName[] = ["service-bus", "service-bus-session"];
export const PUBSUB: readonly StageName[] = ["pubsub", "pubsub-ordered", "pubsub-exactly-once"];
/** All kinds that are reached over a wire. */
export const CLOUDS: readonly StageName[] = [...SQS, ...SERVICE_BUS, ...PUBSUB];

export function stageOf(name: StageName): Stage {
  return STAGES[name];
}

/** The options of an emulator that starts only this front. */
export function emulatorOptions(front: Front, seed: number): EmulatorOptions {
  const port = { sqs: "sqsPort", "service-bus": "serviceBusPort", pubsub: "pubsubPort" } as const;
  return { [port[front]]: 0, seed, recordHandOuts: true };
}

/** `host:port` of a front. */
export function addressOf(front: Front, endpoints: EmulatorEndpoints): string {
  const name = { sqs: "sqs", "service-bus": "serviceBus", pubsub: "pubsub" } as const;
  return (endpoints[name[front]] ?? "").replace(/^https?:\/\//, "");
}
