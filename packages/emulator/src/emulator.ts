import { ControlRoutes } from "./control/control-routes.ts";
import { EmulatorError } from "./emulator-error.ts";
import { resolveEmulatorOptions, type EmulatorOptions } from "./emulator-options.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import type { FaultRule } from "./faults/fault-rule.ts";
import type { FrontContext } from "./fronts/front.ts";
import type { EntitySnapshot } from "./fronts/service-bus/entity-snapshot.ts";
import type { ServiceBusConfig } from "./fronts/service-bus/config/service-bus-config.ts";
import type { PushSigningKeys, PushTokenClaims } from "./fronts/pubsub/push/oidc-tokens.ts";
import type { PushTarget } from "./fronts/pubsub/push/set-push.ts";
import type { SubscriptionSnapshot, TopicSnapshot } from "./fronts/pubsub/subscription-snapshot.ts";
import type { QueueSnapshot } from "./fronts/sqs/queue-snapshot.ts";
import type { EventSourceMapping } from "./fronts/sqs/mappings/event-source-mapping.ts";
import type { EventSourceMappingOptions } from "./fronts/sqs/mappings/mapping-options.ts";
import { CallLog, type CallLogEntry } from "./log/call-log.ts";
import { HandOutLog, type HandOut } from "./log/hand-out-log.ts";
import { pubsubOf, serviceBusOf, startFronts, type RunningFronts } from "./running-fronts.ts";
import { SeededRandom } from "./random/seeded-random.ts";
import { VirtualClock } from "./time/engine-clock.ts";
import { WireTime } from "./time/wire-time.ts";

/** Where the emulator's servers listen. A front that is off has no entry. */
export interface EmulatorEndpoints {
  /** Base URL of the control API, which is always on. */
  readonly control: string;
  /** `http://127.0.0.1:4100` */
  readonly sqs?: string;
  /** `127.0.0.1:4101`: AMQP and HTTP, with or without TLS. */
  readonly serviceBus?: string;
  /** `127.0.0.1:4102`: AMQP and HTTP with TLS only, if `serviceBusTlsPort` was named. */
  readonly serviceBusTls?: string;
  /** `127.0.0.1:8085`, in the format of `PUBSUB_EMULATOR_HOST`. */
  readonly pubsub?: string;
}

/** A running emulator. Everything it holds is gone after `close`. */
export interface Emulator {
  /** Where it listens. */
  readonly endpoints: EmulatorEndpoints;
  /** Environment variables that point a vendor's SDK at the emulator. */
  readonly environment: Readonly<Record<string, string>>;
  /** Engine time: of leases, delays, retention. */
  readonly clock: {
    /** Engine time in milliseconds since the epoch. */
    now(): number;
    /** Moves the clock forward. Everything that falls due in between happens in order. */
    advance(ms: number): Promise<{ readonly fired: number }>;
    /**
     * The same while clients in this process stand still: nothing that they send or read gets a turn before all
     * of the time is over.
     */
    pass(ms: number): Promise<{ readonly fired: number }>;
  };
  /** What is to go wrong. */
  readonly faults: {
    /** Adds a rule and returns its id. */
    add(rule: FaultRule): string;
    /** Takes a rule away; an unknown id is none. */
    remove(id: string): void;
    /** Takes all rules away. */
    clear(): void;
    /** The rules, with how often each has fired. */
    list(): readonly { readonly id: string; readonly rule: FaultRule; readonly fired: number }[];
  };
  /** The calls that reached it. */
  readonly log: {
    /** The calls, oldest first. */
    entries(): readonly CallLogEntry[];
    /** Forgets them. */
    clear(): void;
    /** How many there were, of one operation or in all. */
    count(operation?: string): number;
  };
  /** The newest 50,000 messages handed out under a lease, oldest first. Empty without `recordHandOuts`. */
  handOuts(): readonly HandOut[];
  /** The SQS front. */
  readonly sqs: {
    /** Returns every queue with its current messages. */
    queues(): readonly QueueSnapshot[];
    /**
     * Makes a queue call a function as Lambda's event source mapping does, with the same limits and deletion
     * rules. The function's processes fetch events from the runtime API named in the result's `environment`.
     * @throws INVALID_OPTION
     */
    addMapping(options: EventSourceMappingOptions): Promise<EventSourceMapping>;
    /** The open mappings, oldest first. */
    mappings(): readonly EventSourceMapping[];
  };
  /** The Service Bus front. */
  readonly serviceBus: {
    /** Returns every queue, topic and subscription with its current messages. */
    entities(): readonly EntitySnapshot[];
    /**
     * Creates the entities of a configuration in the format of the vendor's own emulator.
     *
     * @throws EmulatorError `INVALID_OPTION` when the configuration is wrong or the front is off.
     */
    apply(config: ServiceBusConfig): void;
    /**
     * Returns the PEM certificate of the authority that clients must trust to use TLS.
     *
     * @throws EmulatorError `INVALID_OPTION` when the front is off.
     */
    certificateAuthority(): string;
  };
  /** The Pub/Sub front. */
  readonly pubsub: {
    /** Returns the current state of every topic. */
    topics(): readonly TopicSnapshot[];
    /** Returns every subscription with its current messages. */
    subscriptions(): readonly SubscriptionSnapshot[];
    /**
     * Sets the `pushConfig` of a subscription (`projects/P/subscriptions/S`) without needing a client. With a
     * target, the subscription pushes to that endpoint, which must be on this machine; without one, it is
     * pulled from again. Pushes under way are given up.
     *
     * @throws EmulatorError `INVALID_OPTION` if the subscription does not exist, if the endpoint is on
     * another machine, or if the front is off.
     */
    setPush(subscription: string, push: PushTarget | undefined): void;
    /** Public key for the tokens in push requests. The control API serves it too. */
    signingKeys(): Promise<PushSigningKeys>;
    /**
     * Signs a token like those in push requests, for tests that send the push themselves.
     *
     * @throws EmulatorError `INVALID_OPTION` when the front is off.
     */
    signToken(claims: PushTokenClaims): Promise<string>;
  };
  /**
   * Forgets queues, topics, messages, fault rules and the log, and restarts the seed. The clock keeps its
   * time. Entities of `serviceBusConfig` are created again.
   */
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
  const resolved = resolveEmulatorOptions(options);
  const { host } = resolved;
  const clock = new VirtualClock(resolved.clock);
  const random = new SeededRandom(resolved.seed);
  const context: FrontContext = {
    host,
    clock,
    wireTime: new WireTime(clock),
    faults: new FaultPlan(random),
    log: new CallLog(),
    handOuts: new HandOutLog(clock, resolved.recordHandOuts),
    random,
    control: async (exchange) => await routes.handle(exchange),
  };
  const running: RunningFronts = { fronts: [] };
  const closeAll = async (): Promise<void> => {
    clock.stop();
    await Promise.all(running.fronts.map((front) => front.close()));
    clock.stop();
  };
  let endpoints: EmulatorEndpoints = { control: "" };
  const controls: Controls = {
    get endpoints() {
      return endpoints;
    },
    clock: controlsOf(clock),
    faults: context.faults,
    log: context.log,
    handOuts: () => context.handOuts.entries(),
    sqs: sqsControls(running),
    serviceBus: {
      entities: () => running.serviceBus?.entities() ?? [],
      apply: (config) => {
        serviceBusOf(running).apply(config);
      },
      certificateAuthority: () => serviceBusOf(running).certificateAuthority(),
    },
    pubsub: pubsubControls(running),
    reset() {
      for (const front of running.fronts) front.reset();
      context.faults.clear();
      context.log.clear();
      context.handOuts.clear();
      random.restart();
    },
  };
  const routes = new ControlRoutes(controls, host);
  try {
    endpoints = await startFronts(context, resolved, running);
    const environment = Object.assign({}, ...running.fronts.map((front) => front.environment));
    return { ...controls, endpoints, environment, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function controlsOf(clock: VirtualClock): Emulator["clock"] {
  return {
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
    pass: (ms) => clock.pass(ms),
  };
}

function sqsControls(running: RunningFronts): Emulator["sqs"] {
  return {
    queues: () => running.sqs?.queues() ?? [],
    async addMapping(options) {
      if (running.sqs !== undefined) return await running.sqs.addMapping(options);
      throw new EmulatorError("INVALID_OPTION", "The SQS front is off: there is no queue to map.");
    },
    mappings: () => running.sqs?.mappings() ?? [],
  };
}

function pubsubControls(running: RunningFronts): Emulator["pubsub"] {
  return {
    topics: () => running.pubsub?.topics() ?? [],
    subscriptions: () => running.pubsub?.subscriptions() ?? [],
    setPush: (subscription, push) => {
      pubsubOf(running).setPush(subscription, push);
    },
    signingKeys: async () => (await running.pubsub?.signingKeys()) ?? { jwks: { keys: [] }, pems: {} },
    signToken: async (claims) => await pubsubOf(running).signToken(claims),
  };
}

/** The part of an emulator that its HTTP control API exposes too. */
export type Controls = Pick<
  Emulator,
  "endpoints" | "clock" | "faults" | "log" | "handOuts" | "sqs" | "serviceBus" | "pubsub" | "reset"
>;
