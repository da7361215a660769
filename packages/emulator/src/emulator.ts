import { ControlRoutes } from "./control/control-routes.ts";
import { resolveEmulatorOptions, type EmulatorOptions } from "./emulator-options.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import type { FaultRule } from "./faults/fault-rule.ts";
import { SqsEngine } from "./fronts/sqs/engine/sqs-engine.ts";
import { DEFAULT_REGION } from "./fronts/sqs/sqs-call.ts";
import { SqsFront } from "./fronts/sqs/sqs-front.ts";
import { snapshotQueue, type QueueSnapshot } from "./fronts/sqs/queue-snapshot.ts";
import { startHttpListener } from "./http/http-listener.ts";
import { CallLog, type CallLogEntry } from "./log/call-log.ts";
import { SeededRandom } from "./random/seeded-random.ts";
import { VirtualClock } from "./time/engine-clock.ts";
import { WireTime } from "./time/wire-time.ts";

/** A running emulator. Nothing of it survives `close`. */
export interface Emulator {
  readonly endpoints: { readonly sqs?: string };
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
  /** Forgets queues, messages, fault rules and the log, and starts the seed anew. The clock goes on. */
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
  const { host, sqsPort, clock: mode, seed } = resolveEmulatorOptions(options);
  const clock = new VirtualClock(mode);
  const random = new SeededRandom(seed);
  const faults = new FaultPlan(random);
  const log = new CallLog();
  const engine = new SqsEngine({ clock, defer: setImmediate });
  const front = new SqsFront({ engine, wireTime: new WireTime(clock), faults, log, random });
  const controls: Controls = {
    clock: { now: () => clock.now(), advance: (ms) => clock.advance(ms) },
    faults,
    log,
    sqs: { queues: () => engine.queues().map(snapshotQueue) },
    reset() {
      engine.reset();
      faults.clear();
      log.clear();
      random.restart();
    },
  };
  const routes = new ControlRoutes(controls, host);
  const listener = await startHttpListener(host, Number(sqsPort), async (exchange) => {
    if (!(await routes.handle(exchange))) await front.handle(exchange);
  });
  const sqs = endpointOf(host, listener.port);
  return {
    ...controls,
    endpoints: { sqs },
    environment: environmentFor(sqs),
    async close() {
      clock.stop();
      await listener.close();
      engine.reset();
      clock.stop();
    },
  };
}

/** The part of an emulator that its HTTP control API offers too. */
export type Controls = Pick<Emulator, "clock" | "faults" | "log" | "sqs" | "reset">;

/** An address that means "every interface" cannot be connected to; loopback reaches it. */
function endpointOf(host: string, port: number): string {
  if (host === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (host === "::") return `http://[::1]:${port}`;
  return host.includes(":") ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}

/** Any credentials do; the SDKs only insist that there are some. */
function environmentFor(endpoint: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_SQS: endpoint,
    AWS_REGION: DEFAULT_REGION,
    AWS_DEFAULT_REGION: DEFAULT_REGION,
    AWS_ACCESS_KEY_ID: "anyqueue",
    AWS_SECRET_ACCESS_KEY: "anyqueue",
  };
}
