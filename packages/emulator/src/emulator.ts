import { ControlRoutes } from "./control/control-routes.ts";
import { EmulatorError } from "./emulator-error.ts";
import {
  resolveEmulatorOptions,
  type EmulatorOptions,
  type ResolvedEmulatorOptions,
} from "./emulator-options.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import type { FaultRule } from "./faults/fault-rule.ts";
import { reachableAuthority, type Front, type FrontContext } from "./fronts/front.ts";
import type { EntitySnapshot } from "./fronts/service-bus/entity-snapshot.ts";
import type { ServiceBusConfig } from "./fronts/service-bus/config/service-bus-config.ts";
import type { ServiceBusFront } from "./fronts/service-bus/service-bus-front.ts";
import type { QueueSnapshot } from "./fronts/sqs/queue-snapshot.ts";
import type { EventSourceMapping } from "./fronts/sqs/mappings/event-source-mapping.ts";
import type { EventSourceMappingOptions } from "./fronts/sqs/mappings/mapping-options.ts";
import type { SqsFront } from "./fronts/sqs/sqs-front.ts";
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
  /** `127.0.0.1:4101`: AMQP and HTTP, with or without TLS. */
  readonly serviceBus?: string;
  /** `127.0.0.1:4102`: AMQP and HTTP with TLS alone, if `serviceBusTlsPort` was named. */
  readonly serviceBusTls?: string;
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
    /**
     * Has a queue call a function, as Lambda's event source mapping does, with its limits and its rules of deletion.
     * Processes of the function ask for events at the runtime API named in `environment` of the result.
     * @throws INVALID_OPTION
     */
    addMapping(options: EventSourceMappingOptions): Promise<EventSourceMapping>;
  };
  readonly serviceBus: {
    /** Every queue, topic and subscription with its messages, as they are now. */
    entities(): readonly EntitySnapshot[];
    /**
     * Creates the entities of a configuration in the format of the vendor's own emulator.
     *
     * @throws EmulatorError `INVALID_OPTION` when the configuration is wrong or the front is off.
     */
    apply(config: ServiceBusConfig): void;
    /**
     * Certificate (PEM) of the authority that a client has to trust in order to use TLS.
     *
     * @throws EmulatorError `INVALID_OPTION` when the front is off.
     */
    certificateAuthority(): string;
  };
  /**
   * Forgets queues, messages, fault rules and the log, and starts the seed anew. The clock goes on;
   * entities of `serviceBusConfig` are there again.
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
    random,
    control: async (exchange) => await routes.handle(exchange),
  };
  const running: Running = { fronts: [] };
  const closeAll = async (): Promise<void> => {
    clock.stop();
    await Promise.all(running.fronts.map((front) => front.close()));
    clock.stop();
  };
  const controls: Controls = {
    clock: { now: () => clock.now(), advance: (ms) => clock.advance(ms) },
    faults: context.faults,
    log: context.log,
    sqs: {
      queues: () => running.sqs?.queues() ?? [],
      async addMapping(options) {
        if (running.sqs !== undefined) return await running.sqs.addMapping(options);
        throw new EmulatorError("INVALID_OPTION", "The SQS front is off: there is no queue to map.");
      },
    },
    serviceBus: {
      entities: () => running.serviceBus?.entities() ?? [],
      apply: (config) => {
        serviceBusOf(running).apply(config);
      },
      certificateAuthority: () => serviceBusOf(running).certificateAuthority(),
    },
    reset() {
      for (const front of running.fronts) front.reset();
      context.faults.clear();
      context.log.clear();
      random.restart();
    },
  };
  const routes = new ControlRoutes(controls, host);
  try {
    const endpoints = await startFronts(context, resolved, running);
    const environment = Object.assign({}, ...running.fronts.map((front) => front.environment));
    return { ...controls, endpoints, environment, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The fronts that have started so far. */
interface Running {
  readonly fronts: Front[];
  sqs?: SqsFront;
  serviceBus?: ServiceBusFront;
}

/** Loads and starts each front that is wanted; the first that speaks HTTP has the control API. */
async function startFronts(
  context: FrontContext,
  options: ResolvedEmulatorOptions,
  running: Running,
): Promise<EmulatorEndpoints> {
  const { sqsPort, serviceBusPort, serviceBusTlsPort } = options;
  const started = <Of extends Front>(front: Of): Of => {
    running.fronts.push(front);
    return front;
  };
  if (sqsPort !== false) {
    const { startSqsFront } = await import("./fronts/sqs/sqs-front.ts");
    running.sqs = started(await startSqsFront(context, sqsPort));
  }
  if (serviceBusPort !== false || serviceBusTlsPort !== false) {
    const { startServiceBusFront } = await import("./fronts/service-bus/service-bus-front.ts");
    running.serviceBus = started(await startServiceBusFront(context, options));
  }
  const sqs = running.sqs?.endpoint;
  const { endpoint: serviceBus, tlsEndpoint: serviceBusTls } = running.serviceBus ?? {};
  const control =
    sqs ??
    (serviceBus === undefined ? started(await startControlFront(context)).endpoint : `http://${serviceBus}`);
  return {
    control,
    ...(sqs !== undefined && { sqs }),
    ...(serviceBus !== undefined && { serviceBus }),
    ...(serviceBusTls !== undefined && { serviceBusTls }),
  };
}

function serviceBusOf({ serviceBus }: Running): ServiceBusFront {
  if (serviceBus !== undefined) return serviceBus;
  throw new EmulatorError("INVALID_OPTION", "The Service Bus front is off. Name serviceBusPort.");
}

/** The control API by itself, where no front speaks HTTP. */
async function startControlFront(context: FrontContext): Promise<Front & { readonly endpoint: string }> {
  const listener = await startHttpListener(context.host, 0, async (exchange: HttpExchange) => {
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
export type Controls = Pick<Emulator, "clock" | "faults" | "log" | "sqs" | "serviceBus" | "reset">;
