import type { Controls } from "../emulator.ts";
import { EmulatorError } from "../emulator-error.ts";
import { isObject } from "../faults/rule-members.ts";
import { parseFaultRule } from "../faults/check-fault-rule.ts";
import { assertServiceBusConfig } from "../fronts/service-bus/config/apply-config.ts";
import type { PushTokenClaims } from "../fronts/pubsub/push/oidc-tokens.ts";
import type { PushTarget } from "../fronts/pubsub/push/set-push.ts";
import { createMapping, deleteMapping, showMapping } from "./mapping-routes.ts";
import type { HttpExchange } from "../http/http-exchange.ts";

/** Requests under this path are for the emulator itself, not for the cloud it emulates. */
export const CONTROL_PREFIX = "/__anyqueue";

type Route = (controls: Controls, exchange: HttpExchange, id: string) => unknown;

// Host names by which clients on this machine call the emulator. Any other name that resolves to loopback
// comes from somebody's DNS, set up so that a web page of that name can talk to a local port.
const LOCAL_HOST = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?$/i;

/**
 * The control API over HTTP, for tests that run the emulator in its own process. It answers loopback only,
 * and no web page, because a page on any site could otherwise post to a local port.
 */
export class ControlRoutes {
  readonly #controls: Controls;
  readonly #host: string;

  /** `host` is the name on which the emulator was told to listen, so requests may use it too. */
  constructor(controls: Controls, host: string) {
    this.#controls = controls;
    this.#host = host;
  }

  /** Returns false if the request is not for the control API. */
  async handle(exchange: HttpExchange): Promise<boolean> {
    const { pathname } = exchange.target;
    if (pathname !== CONTROL_PREFIX && !pathname.startsWith(`${CONTROL_PREFIX}/`)) return false;
    if (!exchange.isFromLoopback) {
      return refuse(exchange, 403, "The control API answers loopback connections only.");
    }
    if (exchange.headers.origin !== undefined || !this.#isCalledByName(exchange.headers.host ?? "")) {
      return refuse(exchange, 403, "The control API does not answer web pages.");
    }
    const path = pathname.slice(CONTROL_PREFIX.length);
    const [, collection, id] = /^\/(faults|mappings)\/([^/]+)$/.exec(path) ?? [];
    const key = `${exchange.method} ${collection === undefined ? path : `/${collection}/:id`}`;
    const route = ROUTES.get(key);
    if (route === undefined)
      return refuse(exchange, 404, `No route ${key}. Known: ${[...ROUTES.keys()].join(", ")}.`);
    try {
      respond(exchange, 200, await route(this.#controls, exchange, id ?? ""));
    } catch (error) {
      if (!(error instanceof EmulatorError) && !(error instanceof RangeError)) throw error;
      return refuse(exchange, 400, error.message);
    }
    return true;
  }

  #isCalledByName(hostHeader: string): boolean {
    return LOCAL_HOST.test(hostHeader) || hostHeader.replace(/:[0-9]+$/, "") === this.#host;
  }
}

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["GET /clock", ({ clock }) => ({ now: clock.now() })],
  ["POST /clock/advance", advanceClock],
  ["GET /faults", ({ faults }) => ({ faults: faults.list() })],
  ["POST /faults", ({ faults }, exchange) => ({ id: faults.add(parseFaultRule(readJson(exchange))) })],
  ["DELETE /faults", ({ faults }) => emptyAfter(() => faults.clear())],
  ["DELETE /faults/:id", ({ faults }, _exchange, id) => emptyAfter(() => faults.remove(id))],
  ["GET /log", readLog],
  ["DELETE /log", ({ log }) => emptyAfter(() => log.clear())],
  ["GET /hand-outs", ({ handOuts }) => ({ handOuts: handOuts() })],
  ["GET /queues", ({ sqs }) => ({ queues: sqs.queues() })],
  ["GET /mappings", ({ sqs }) => ({ mappings: sqs.mappings().map((mapping) => mapping.snapshot()) })],
  ["POST /mappings", async (controls, exchange) => await createMapping(controls, readJson(exchange))],
  ["GET /mappings/:id", (controls, _exchange, id) => showMapping(controls, id)],
  ["DELETE /mappings/:id", async (controls, _exchange, id) => await deleteMapping(controls, id)],
  ["GET /service-bus/entities", ({ serviceBus }) => ({ entities: serviceBus.entities() })],
  ["POST /service-bus/entities", applyServiceBusConfig],
  [
    "GET /service-bus/certificate-authority",
    ({ serviceBus }) => ({ certificateAuthority: serviceBus.certificateAuthority() }),
  ],
  ["GET /pubsub/topics", ({ pubsub }) => ({ topics: pubsub.topics() })],
  ["GET /pubsub/subscriptions", ({ pubsub }) => ({ subscriptions: pubsub.subscriptions() })],
  ["POST /pubsub/push", setPush],
  ["GET /pubsub/jwks", async ({ pubsub }) => (await pubsub.signingKeys()).jwks],
  ["GET /pubsub/certs", async ({ pubsub }) => (await pubsub.signingKeys()).pems],
  ["POST /pubsub/tokens", signToken],
  ["GET /endpoints", ({ endpoints }) => ({ endpoints })],
  ["POST /reset", (controls) => emptyAfter(() => controls.reset())],
]);

async function advanceClock({ clock, log }: Controls, exchange: HttpExchange): Promise<unknown> {
  const body = readJson(exchange);
  const ms = typeof body === "object" && body !== null && "ms" in body ? body.ms : undefined;
  if (typeof ms !== "number") throw new RangeError('The body must be { "ms": <number of milliseconds> }.');
  const { fired } = await clock.advance(ms);
  return { now: clock.now(), fired, calls: log.count() };
}

function applyServiceBusConfig({ serviceBus }: Controls, exchange: HttpExchange): unknown {
  const config = readJson(exchange);
  assertServiceBusConfig(config);
  serviceBus.apply(config);
  return {};
}

function setPush({ pubsub }: Controls, exchange: HttpExchange): unknown {
  const body = readJson(exchange);
  const { subscription, push } = isObject(body) ? body : {};
  if (typeof subscription !== "string" || (push !== null && !isPushTarget(push))) {
    throw new RangeError(
      'The body must be { "subscription": <name>, "push": { "endpoint": <URL>, "token"?: { "email", "audience" } } or null }.',
    );
  }
  pubsub.setPush(subscription, push ?? undefined);
  return {};
}

function isPushTarget(push: unknown): push is PushTarget {
  if (!isObject(push) || typeof push["endpoint"] !== "string") return false;
  const { token } = push;
  return token === undefined || isTokenClaims(token);
}

function isTokenClaims(claims: unknown): claims is PushTokenClaims {
  return isObject(claims) && typeof claims["email"] === "string" && typeof claims["audience"] === "string";
}

async function signToken({ pubsub }: Controls, exchange: HttpExchange): Promise<unknown> {
  const body = readJson(exchange);
  if (!isTokenClaims(body))
    throw new RangeError('The body must be { "email": <service account>, "audience": <text> }.');
  return { token: await pubsub.signToken({ email: body.email, audience: body.audience }) };
}

function readLog({ log }: Controls, exchange: HttpExchange): unknown {
  const operation = exchange.target.searchParams.get("operation") ?? undefined;
  // Clients that only want the number should not receive tens of thousands of entries.
  if (exchange.target.searchParams.has("countOnly")) return { count: log.count(operation), entries: [] };
  const entries = log.entries().filter((entry) => operation === undefined || entry.operation === operation);
  return { count: log.count(operation), entries };
}

function emptyAfter(action: () => void): unknown {
  action();
  return {};
}

function readJson(exchange: HttpExchange): unknown {
  try {
    return JSON.parse(exchange.body);
  } catch {
    throw new RangeError("The body must be JSON.");
  }
}

function refuse(exchange: HttpExchange, status: number, message: string): true {
  respond(exchange, status, { error: { message } });
  return true;
}

function respond(exchange: HttpExchange, status: number, value: unknown): void {
  exchange.answer({ status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) });
}
