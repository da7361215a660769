import type { EmulatorEndpoints } from "../emulator.ts";
import { EmulatorError } from "../emulator-error.ts";
import type { FaultRule } from "../faults/fault-rule.ts";
import type { EntitySnapshot } from "../fronts/service-bus/entity-snapshot.ts";
import type { ServiceBusConfig } from "../fronts/service-bus/config/service-bus-config.ts";
import type { PushTokenClaims } from "../fronts/pubsub/push/oidc-tokens.ts";
import type { PushTarget } from "../fronts/pubsub/push/set-push.ts";
import type { SubscriptionSnapshot, TopicSnapshot } from "../fronts/pubsub/subscription-snapshot.ts";
import type { MappingSnapshot } from "../fronts/sqs/mappings/event-source-mapping.ts";
import type { EventSourceMappingOptions } from "../fronts/sqs/mappings/mapping-options.ts";
import type { QueueSnapshot } from "../fronts/sqs/queue-snapshot.ts";
import type { CallLogEntry } from "../log/call-log.ts";
import type { HandOut } from "../log/hand-out-log.ts";
import { CONTROL_PREFIX } from "./control-routes.ts";
import { readControlAnswer } from "./control-wire.ts";

/** Remote control of an emulator in another process. */
export interface ControlClient {
  /** Returns where the emulator's servers listen. */
  endpoints(): Promise<EmulatorEndpoints>;
  /** Engine time, in milliseconds since the epoch. */
  now(): Promise<number>;
  /** `calls` counts the calls of clients so far. Advancing by 0 shows whether they are active. */
  advance(ms: number): Promise<{ readonly fired: number; readonly calls: number }>;
  /** A rule whose `match` is a function cannot be sent; use the fields of `FaultMatch`. */
  addFault(rule: FaultRule): Promise<string>;
  /** Takes a rule away. */
  removeFault(id: string): Promise<void>;
  /** Takes all rules away. */
  clearFaults(): Promise<void>;
  /** Returns the calls of one operation, or of all. */
  log(operation?: string): Promise<readonly CallLogEntry[]>;
  /** How many calls there were, of one operation or in all. */
  count(operation?: string): Promise<number>;
  /** Forgets the calls. */
  clearLog(): Promise<void>;
  /** Same as `emulator.handOuts` of the other process. */
  handOuts(): Promise<readonly HandOut[]>;
  /** As `emulator.sqs.queues` of the other process. */
  queues(): Promise<readonly QueueSnapshot[]>;
  /** Queues that call functions, as created by `emulator.sqs.addMapping`. */
  readonly mappings: {
    create(options: EventSourceMappingOptions): Promise<MappingSnapshot>;
    list(): Promise<readonly MappingSnapshot[]>;
    get(id: string): Promise<MappingSnapshot>;
    /** Returns the mapping's final state. */
    delete(id: string): Promise<MappingSnapshot>;
  };
  /** Same as `emulator.serviceBus` of the other process. */
  readonly serviceBus: {
    entities(): Promise<readonly EntitySnapshot[]>;
    apply(config: ServiceBusConfig): Promise<void>;
    certificateAuthority(): Promise<string>;
  };
  /** As `emulator.pubsub.topics` of the other process. */
  topics(): Promise<readonly TopicSnapshot[]>;
  /** As `emulator.pubsub.subscriptions` of the other process. */
  subscriptions(): Promise<readonly SubscriptionSnapshot[]>;
  /** Same as `emulator.pubsub.setPush` of the other process. */
  setPush(subscription: string, push: PushTarget | undefined): Promise<void>;
  /** Signs a token like those in push requests. */
  signToken(claims: PushTokenClaims): Promise<string>;
  /** As `emulator.reset` of the other process. */
  reset(): Promise<void>;
}

/**
 * Connects to an emulator in another process. `endpoint` is its `emulator.endpoints.control`, such as
 * `http://127.0.0.1:4100`, or the one that `anyqueue up` prints.
 */
export function controlClient(endpoint: string): ControlClient {
  const origin = endpoint.replace(/\/+$/, "");
  const base = origin.endsWith(CONTROL_PREFIX) ? origin : `${origin}${CONTROL_PREFIX}`;
  const send = async (method: string, path: string, body?: unknown) => {
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, {
        method,
        body: body === undefined ? null : JSON.stringify(body),
      });
    } catch (error) {
      throw new EmulatorError("CONTROL_FAILED", `No emulator answers at ${endpoint}. Is it running?`, {
        cause: error,
      });
    }
    return await readControlAnswer(response, `${method} ${path}`);
  };
  return {
    endpoints: async () => (await send("GET", "/endpoints")).endpoints,
    now: async () => (await send("GET", "/clock")).now,
    advance: async (ms) => {
      const { fired, calls } = await send("POST", "/clock/advance", { ms });
      return { fired, calls };
    },
    addFault: async (rule) => {
      if (typeof rule.match === "function") {
        throw new EmulatorError(
          "INVALID_FAULT",
          "A match function cannot be sent to another process. Use { attempt, bodyContains, region, wire }.",
        );
      }
      return (await send("POST", "/faults", rule)).id;
    },
    removeFault: async (id) => void (await send("DELETE", `/faults/${encodeURIComponent(id)}`)),
    clearFaults: async () => void (await send("DELETE", "/faults")),
    log: async (operation) => (await send("GET", `/log${logQuery(operation, false)}`)).entries,
    count: async (operation) => (await send("GET", `/log${logQuery(operation, true)}`)).count,
    clearLog: async () => void (await send("DELETE", "/log")),
    handOuts: async () => (await send("GET", "/hand-outs")).handOuts,
    queues: async () => (await send("GET", "/queues")).queues,
    mappings: {
      create: async (options) => (await send("POST", "/mappings", options)).mapping,
      list: async () => (await send("GET", "/mappings")).mappings,
      get: async (id) => (await send("GET", `/mappings/${encodeURIComponent(id)}`)).mapping,
      delete: async (id) => (await send("DELETE", `/mappings/${encodeURIComponent(id)}`)).mapping,
    },
    serviceBus: {
      entities: async () => (await send("GET", "/service-bus/entities")).entities,
      apply: async (config) => void (await send("POST", "/service-bus/entities", config)),
      certificateAuthority: async () =>
        (await send("GET", "/service-bus/certificate-authority")).certificateAuthority,
    },
    topics: async () => (await send("GET", "/pubsub/topics")).topics,
    subscriptions: async () => (await send("GET", "/pubsub/subscriptions")).subscriptions,
    setPush: async (subscription, push) =>
      void (await send("POST", "/pubsub/push", { subscription, push: push ?? null })),
    signToken: async (claims) => (await send("POST", "/pubsub/tokens", claims)).token,
    reset: async () => void (await send("POST", "/reset")),
  };
}

function logQuery(operation: string | undefined, isCountOnly: boolean): string {
  const query = new URLSearchParams(operation === undefined ? {} : { operation });
  if (isCountOnly) query.set("countOnly", "true");
  return query.size === 0 ? "" : `?${query.toString()}`;
}
