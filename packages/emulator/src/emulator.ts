import { ControlRoutes } from "./control/control-routes.ts";
import { resolveEmulatorOptions, type EmulatorOptions } from "./emulator-options.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import type { FaultRule } from "./faults/fault-rule.ts";
import { reachableAuthority, type Front, type FrontContext } from "./fronts/front.ts";
import { startPubsubFront, type PubsubFront } from "./fronts/pubsub/pubsub-front.ts";
import type { PushSigningKeys } from "./fronts/pubsub/push/oidc-tokens.ts";
import type { SubscriptionSnapshot, TopicSnapshot } from "./fronts/pubsub/subscription-snapshot.ts";
import type { QueueSnapshot } from "./fronts/sqs/queue-snapshot.ts";
import { startSqsFront } from "./fronts/sqs/sqs-front.ts";
import type { HttpExchange } from "./http/http-exchange.ts";
import { startHttpListener } from "./http/http-listener.ts";
import { CallLog, type CallLogEntry } from "./log/call-log.ts";
import { SeededRandom } from "./random/seeded-random.ts";
import { VirtualClock } from "./time/engine-clock.ts";
import { WireTime } from "./time/wire-time.ts";

/** Where the servers of an emulator listen; absent: that front is off. */
export interface EmulatorEndpoints {
  /** Base URL of the control API; always there. */
  readonly control: string;
  /** `http://127.0.0.1:4100` */
  readonly sqs?: string;
  /** `127.0.0.1:8085`, as `PUBSUB_EMULATOR_HOST` wants it. */
  readonly pubsub?: string;
}

/** A running emulator. Nothing of it survives `close`. */
export interface Emulator {
  readonly endpoints: EmulatorEndpoints;
  /** Environment variables that point a vendor's SDK at the emulator. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: {
    /** Engine time in milliseconds since the epoch. */
    now(): number;
    /** Jumps forward; what falls due on the way happens in order. */
    advance(ms: number): Promise<{ readonly fired: number }>;
  };
  readonly faults: {
    /** Returns the id of the rule. */
    add(rule: FaultRule): string;
    remove(id: string): void;
    clear(): void;
    list(): readonly { readonly id: string; readonly rule: FaultRule; readonly fired: number }[];
  };
  readonly log: {
    entries(): readonly CallLogEntry[];
    clear(): void;
    count(operation?: string): number;
  };
  readonly sqs: {
    /** Every queue with its messages, as they are now. */
    queues(): readonly QueueSnapshot[];
  };
  readonly pubsub: {
    /** Every topic, as it is now. */
    topics(): readonly TopicSnapshot[];
    /** Every subscription with its messages, as they are now. */
    subscriptions(): readonly SubscriptionSnapshot[];
    /** Public key of the tokens that push requests carry; the control API serves it too. */
    signingKeys(): Promise<PushSigningKeys>;
  };
  /** Forgets queues, topics, messages, fault rules and the log, and starts the seed anew. The clock goes on. */
  reset(): void;
  /** Closes every connection and ends long polls. */
  close(): Promise<void>;
}

/**
 * Starts the emulator on loopback.
 *
 * @example
 * const emulator = await startEmulator();
 * const client = new SQSClient({ endpoint: emulator.endpoints.sqs, region: "eu-west-1" });
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host, sqsPort, pubsubPort, clock: mode, seed } = resolveEmulatorOptions(options);
  const clock = new VirtualClock(mode);
  const random = new SeededRandom(seed);
  const context: FrontContext = {
    host,
    clock,
    wireTime: new WireTime(clock),
    faults: new FaultPlan(random),
    log: new CallLog(),
    random,
    control: async (exchange) => await routes.handle(exchange),
  };
  const running: Front[] = [];
  const start = async <Of extends Front>(port: number | false, starting: StartFront<Of>) => {
    if (port === false) return undefined;
    const front = await starting(context, port);
    running.push(front);
    return front;
  };
  const closeAll = async (): Promise<void> => {
    clock.stop();
    await Promise.all(running.map((front) => front.close()));
    clock.stop();
  };
  const controls: Controls = {
    clock: { now: () => clock.now(), advance: (ms) => clock.advance(ms) },
    faults: context.faults,
    log: context.log,
    sqs: { queues: () => sqs?.queues() ?? [] },
    pubsub: pubsubControls(() => pubsub),
    reset() {
      for (const front of running) front.reset();
      context.faults.clear();
      context.log.clear();
      random.restart();
    },
  };
  const routes = new ControlRoutes(controls, host);
  let sqs: Awaited<ReturnType<typeof startSqsFront>> | undefined;
  let pubsub: PubsubFront | undefined;
  try {
    sqs = await start(sqsPort, startSqsFront);
    pubsub = await start(pubsubPort, startPubsubFront);
    const control = sqs?.endpoint ?? (await start(0, startControlFront))?.endpoint ?? "";
    return {
      ...controls,
      endpoints: {
        control,
        ...(sqs === undefined ? {} : { sqs: sqs.endpoint }),
        ...(pubsub === undefined ? {} : { pubsub: pubsub.endpoint }),
      },
      environment: Object.assign({}, ...running.map((front) => front.environment)),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function pubsubControls(front: () => PubsubFront | undefined): Controls["pubsub"] {
  return {
    topics: () => front()?.topics() ?? [],
    subscriptions: () => front()?.subscriptions() ?? [],
    signingKeys: async () => (await front()?.signingKeys()) ?? { jwks: { keys: [] }, pems: {} },
  };
}

type StartFront<Of extends Front> = (context: FrontContext, port: number) => Promise<Of>;

/** The control API by itself, where no front speaks HTTP. */
async function startControlFront(
  context: FrontContext,
  port: number,
): Promise<Front & { readonly endpoint: string }> {
  const listener = await startHttpListener(context.host, port, async (exchange: HttpExchange) => {
    if (await context.control(exchange)) return;
    exchange.answer({ status: 404, headers: {}, body: "Only the control API is here." });
  });
  return {
    endpoint: `http://${reachableAuthority(context.host, listener.port)}`,
    environment: {},
    reset: () => undefined,
    close: () => listener.close(),
  };
}

/** The part of an emulator that its HTTP control API offers too. */
export type Controls = Pick<Emulator, "clock" | "faults" | "log" | "sqs" | "pubsub" | "reset">;
