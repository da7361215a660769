import { EmulatorError } from "./emulator-error.ts";
import type { ServiceBusConfig } from "./fronts/service-bus/config/service-bus-config.ts";
import type { ClockMode } from "./time/engine-clock.ts";

/** Options of `startEmulator`, all optional. */
export interface EmulatorOptions {
  /** Address to listen on. Any address other than loopback admits other machines. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /**
   * Port of the SQS front; 0 picks a free port, false turns the front off.
   * @default 0 if no port is named, else false
   */
  readonly sqsPort?: number | false | undefined;
  /**
   * Port of the Service Bus front, for AMQP and HTTP, with or without TLS; 0 picks a free port, false turns
   * it off.
   * @default 0 if no port is named, else false
   */
  readonly serviceBusPort?: number | false | undefined;
  /** TLS-only port of the Service Bus front, for clients that always use TLS. @default false */
  readonly serviceBusTlsPort?: number | false | undefined;
  /**
   * Entities that the Service Bus front creates at start, in the format of the vendor's own emulator.
   * @default none
   */
  readonly serviceBusConfig?: ServiceBusConfig | undefined;
  /**
   * Requires a valid token from Service Bus clients: right key, not expired, and for the entity they use.
   * @default false
   */
  readonly strictTokens?: boolean | undefined;
  /**
   * Port of the Pub/Sub front; 0 picks a free port, false turns the front off.
   * @default 0 if no port is named, else false
   */
  readonly pubsubPort?: number | false | undefined;
  /** Records when each message was handed out, for `emulator.handOuts`. @default false */
  readonly recordHandOuts?: boolean | undefined;
  /**
   * `hybrid` follows the real clock and can be advanced; `manual` moves only when advanced; `shared` does the
   * same for clients whose own clocks are advanced with it: it tells them its own time.
   * @default "hybrid"
   */
  readonly clock?: ClockMode | undefined;
  /** Seed of every random choice: which calls a fault hits, how messages are shuffled. @default 1 */
  readonly seed?: number | undefined;
}

/** The options of a running emulator, with every default filled in. */
export interface ResolvedEmulatorOptions {
  /** As in `EmulatorOptions`. */
  readonly host: string;
  /** As in `EmulatorOptions`. */
  readonly sqsPort: number | false;
  /** As in `EmulatorOptions`. */
  readonly serviceBusPort: number | false;
  /** As in `EmulatorOptions`. */
  readonly serviceBusTlsPort: number | false;
  /** As in `EmulatorOptions`. */
  readonly serviceBusConfig: ServiceBusConfig | undefined;
  /** As in `EmulatorOptions`. */
  readonly strictTokens: boolean;
  /** As in `EmulatorOptions`. */
  readonly pubsubPort: number | false;
  /** As in `EmulatorOptions`. */
  readonly recordHandOuts: boolean;
  /** As in `EmulatorOptions`. */
  readonly clock: ClockMode;
  /** As in `EmulatorOptions`. */
  readonly seed: number;
}

/** Default of each option. Once any port is named, the other ports default to `false`. */
export const EMULATOR_DEFAULTS: ResolvedEmulatorOptions = Object.freeze({
  host: "127.0.0.1",
  sqsPort: 0,
  serviceBusPort: 0,
  serviceBusTlsPort: false,
  serviceBusConfig: undefined,
  strictTokens: false,
  pubsubPort: 0,
  recordHandOuts: false,
  clock: "hybrid",
  seed: 1,
});

const CLOCK_MODES: ReadonlySet<ClockMode> = new Set(["hybrid", "manual", "shared"]);
const PORTS = ["sqsPort", "serviceBusPort", "serviceBusTlsPort", "pubsubPort"] as const;

export function resolveEmulatorOptions(options: EmulatorOptions): ResolvedEmulatorOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(EMULATOR_DEFAULTS, name)) {
      throw invalid(`Unknown option ${name}. Known: ${Object.keys(EMULATOR_DEFAULTS).join(", ")}.`);
    }
  }
  const resolved: ResolvedEmulatorOptions = {
    host: options.host ?? EMULATOR_DEFAULTS.host,
    ...resolvePorts(options),
    serviceBusConfig: options.serviceBusConfig ?? EMULATOR_DEFAULTS.serviceBusConfig,
    strictTokens: options.strictTokens ?? EMULATOR_DEFAULTS.strictTokens,
    recordHandOuts: options.recordHandOuts ?? EMULATOR_DEFAULTS.recordHandOuts,
    clock: options.clock ?? EMULATOR_DEFAULTS.clock,
    seed: options.seed ?? EMULATOR_DEFAULTS.seed,
  };
  if (typeof resolved.host !== "string" || resolved.host === "") {
    throw invalid(`host must be an address such as 127.0.0.1, got ${JSON.stringify(resolved.host)}.`);
  }
  if (!CLOCK_MODES.has(resolved.clock)) {
    throw invalid(`clock must be "hybrid", "manual" or "shared", got ${JSON.stringify(resolved.clock)}.`);
  }
  if (!Number.isSafeInteger(resolved.seed))
    throw invalid(`seed must be an integer, got ${JSON.stringify(resolved.seed)}.`);
  if (typeof resolved.recordHandOuts !== "boolean") {
    throw invalid(`recordHandOuts must be true or false, got ${JSON.stringify(resolved.recordHandOuts)}.`);
  }
  checkServiceBusOptions(resolved);
  return Object.freeze(resolved);
}

type Ports = Pick<ResolvedEmulatorOptions, (typeof PORTS)[number]>;

/** Gives every front a free port if no port is named, otherwise starts only the named fronts. */
function resolvePorts(options: EmulatorOptions): Ports {
  const isNamed = PORTS.some((name) => options[name] !== undefined && options[name] !== false);
  const fallback = (name: (typeof PORTS)[number]): number | false =>
    isNamed ? false : EMULATOR_DEFAULTS[name];
  const ports = PORTS.map((name) => [name, options[name] ?? fallback(name)] as const);
  for (const [name, port] of ports) {
    if (port === false || isPort(port)) continue;
    throw invalid(`${name} must be a port from 0 to 65535 or false, got ${JSON.stringify(port)}.`);
  }
  if (ports.every(([, port]) => port === false)) {
    throw invalid("Every front is switched off: there is nothing to start.");
  }
  return Object.fromEntries(ports) as unknown as Ports;
}

function checkServiceBusOptions(options: ResolvedEmulatorOptions): void {
  const { serviceBusConfig, serviceBusPort, serviceBusTlsPort, strictTokens } = options;
  if (typeof strictTokens !== "boolean")
    throw invalid(`strictTokens must be true or false, got ${JSON.stringify(strictTokens)}.`);
  if (serviceBusConfig !== undefined && serviceBusPort === false && serviceBusTlsPort === false)
    throw invalid("serviceBusConfig has no use without the Service Bus front. Name serviceBusPort too.");
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

function invalid(message: string): EmulatorError {
  return new EmulatorError("INVALID_OPTION", message);
}
