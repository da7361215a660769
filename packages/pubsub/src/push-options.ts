import {
  durationToMs,
  suggest,
  systemClock,
  type Clock,
  type Delivery,
  type Duration,
  type EventBatch,
} from "@anyqueue/core/adapter";
import { checkKeySource, type PushKeys } from "./google-keys.ts";
import { PUBSUB_MAX_LEASE_MS, PUBSUB_MIN_LEASE_MS, PUSH_MAX_REQUEST_BYTES } from "./pubsub-limits.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { invalid } from "./refusal.ts";

/** How a batch settles at Pub/Sub, and the adapter that classifies its errors. */
export type PubsubSettling = Required<Pick<EventBatch<PubsubHandle>, "adapter" | "settle">>;

/** Lets a function call Pub/Sub; made by `pubsubCalls` for the option `calls`. */
export interface PubsubCalls {
  /**
   * Returns how to settle these deliveries. `project`: their subscription's, if told. Called by the source.
   */
  of(project: string | undefined, deliveries: readonly Delivery<PubsubHandle>[]): PubsubSettling;
}

/** Every push must carry a valid token of Google's: the subscription needs push authentication. */
export interface VerifiedPush {
  /**
   * The token's audience: `--push-auth-token-audience` of the subscription, else the URL of the endpoint. One
   * or several.
   */
  readonly audience: string | readonly string[];
  /**
   * The token's account: the e-mail address of `--push-auth-service-account`, one or several. Anybody can
   * have Google sign a token for any audience, so only the account proves the sender. `"any"`: it does not
   * matter who calls.
   */
  readonly serviceAccount: string | readonly string[];
  /**
   * Source of the public keys, for the emulator and for tests: URL of a JWK set, or a function.
   * @default Google's
   */
  readonly keys?: PushKeys | undefined;
  /** Cannot be combined with `audience`. */
  readonly trustPlatform?: undefined;
}

/** Something else checks the callers: IAM of Cloud Run (without `--allow-unauthenticated`), a gateway. */
export interface TrustedPush {
  /** Accepts every push as Pub/Sub's. If the endpoint is open to everybody, anybody can send it messages. */
  readonly trustPlatform: true;
  /** Cannot be combined with `trustPlatform`. */
  readonly audience?: undefined;
  /** Cannot be combined with `trustPlatform`. */
  readonly serviceAccount?: undefined;
  /** Cannot be combined with `trustPlatform`. */
  readonly keys?: undefined;
}

/** How pushes are accepted, whatever their form. */
export interface PushSettings {
  /**
   * The subscription's ack deadline, "10s" to "600s": Pub/Sub must have its answer by then, but a push does
   * not say it. If this is too short, handlers are stopped too early; if too long, messages come again while
   * they are handled.
   * @default "10s", the service's own; for CloudEvents not known
   */
  readonly ackDeadline?: Duration | undefined;
  /**
   * Largest number of messages in hand at once, including those that wait for a handler; a whole number, at
   * least 1. Any more are answered 429, so that Pub/Sub slows down; each such refusal costs a delivery
   * attempt. Each message may take `maxBodyBytes`. @default 100
   */
  readonly maxRequests?: number | undefined;
  /**
   * How long a handled message is remembered. If it is pushed again within this time, it is answered as
   * handled and its handler does not run, even if a `seek` back in time caused that. "0s": nothing is
   * remembered. @default "10m"
   */
  readonly rememberFor?: Duration | undefined;
  /**
   * Lets the function call Pub/Sub; made by `pubsubCalls` of `@anyqueue/pubsub`. Without it no SDK is needed,
   * and dead letters are left to the subscription's dead-letter policy. @default none
   */
  readonly calls?: PubsubCalls | undefined;
  /** For tests. @default the machine's */
  readonly clock?: Clock | undefined;
}

/** Options of `pushRequests` and `nodePushRequests`: how a push proves its origin, and how it is accepted. */
export type PushOptions = (VerifiedPush | TrustedPush) &
  PushSettings & {
    /**
     * Largest size of a request's body in bytes, a whole number from 1; a larger one is answered 413, and
     * comes again.
     * @default 16777216 (16 MiB), more than Pub/Sub ever sends
     */
    readonly maxBodyBytes?: number | undefined;
  };

/**
 * Options of `pubsubEvents`. A CloudEvent does not show its HTTP request, so only the platform can check the
 * callers.
 */
export type PubsubEventsOptions = Pick<TrustedPush, "trustPlatform"> & PushSettings;

/** Settings with every default filled in. */
export interface ResolvedPush {
  /** Undefined: the deadline is not known. */
  readonly ackDeadlineMs: number | undefined;
  readonly maxRequests: number;
  readonly rememberMs: number;
  readonly maxBodyBytes: number;
  readonly calls: PubsubCalls | undefined;
  readonly clock: Clock;
}

/**
 * The service's default.
 * https://cloud.google.com/pubsub/docs/subscription-properties#ack_deadline (2026-11-29)
 */
const DEFAULT_ACK_DEADLINE_MS = 10_000;
const DEFAULT_MAX_REQUESTS = 100;
const DEFAULT_REMEMBER_MS = 600_000;

const SETTINGS = ["trustPlatform", "ackDeadline", "maxRequests", "rememberFor", "calls", "clock"];
const HTTP_OPTIONS = [...SETTINGS, "audience", "serviceAccount", "keys", "maxBodyBytes"];

/** @throws INVALID_ARGUMENT with every problem; `name` is the function that was called. */
export function resolvePush(name: string, options: PushOptions): ResolvedPush {
  const given = optionsOf(name, options, HTTP_OPTIONS);
  const problems = [...given, ...authProblems(options), ...settingsProblems(options)];
  const { maxBodyBytes } = options;
  if (maxBodyBytes !== undefined && !isCount(maxBodyBytes))
    problems.push("maxBodyBytes: expected a whole number of bytes from 1");
  refuse(name, problems);
  return { ...resolved(options), maxBodyBytes: maxBodyBytes ?? PUSH_MAX_REQUEST_BYTES };
}

/** @throws INVALID_ARGUMENT with every problem */
export function resolveEvents(name: string, options: PubsubEventsOptions): ResolvedPush {
  const problems = [...optionsOf(name, options, SETTINGS), ...settingsProblems(options)];
  const isTrusted: unknown = options.trustPlatform;
  if (isTrusted !== true) {
    problems.push(
      "trustPlatform: expected true, because a CloudEvent does not show who called: its function must not be open to everybody",
    );
  }
  refuse(name, problems);
  return { ...resolved(options), ackDeadlineMs: msOf(options.ackDeadline), maxBodyBytes: 0 };
}

function resolved({ ackDeadline, maxRequests, rememberFor, calls, clock }: PushSettings): ResolvedPush {
  return {
    ackDeadlineMs: msOf(ackDeadline) ?? DEFAULT_ACK_DEADLINE_MS,
    maxRequests: maxRequests ?? DEFAULT_MAX_REQUESTS,
    rememberMs: msOf(rememberFor) ?? DEFAULT_REMEMBER_MS,
    maxBodyBytes: PUSH_MAX_REQUEST_BYTES,
    calls,
    clock: clock ?? systemClock,
  };
}

function msOf(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : durationToMs(duration);
}

function optionsOf(name: string, options: object, known: readonly string[]): string[] {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw invalid(`${name}(): expected an object of options`, HOW_TO_START);
  return Object.keys(options)
    .filter((key) => !known.includes(key))
    .map((key) => unknownOption(key, known));
}

const HOW_TO_START =
  "Set audience and serviceAccount to the values of the subscription's push authentication, or trustPlatform: true if something else checks the callers.";

function authProblems(options: PushOptions): string[] {
  const { audience, serviceAccount, keys, trustPlatform } = options;
  const isTrusted: unknown = trustPlatform;
  if (isTrusted !== undefined) {
    if (isTrusted !== true) return ["trustPlatform: expected true"];
    const beside = Object.entries({ audience, serviceAccount, keys }).filter(
      ([, value]) => value !== undefined,
    );
    return beside.map(([key]) => `${key} and trustPlatform cannot be combined`);
  }
  if (audience === undefined) return ["neither audience nor trustPlatform: anybody could call"];
  return [
    ...(isTexts(audience) ? [] : ["audience: expected a text or a list of texts"]),
    ...(isTexts(serviceAccount)
      ? []
      : ['serviceAccount: expected the e-mail of the subscription\'s account, a list, or "any"']),
    ...checkKeySource(keys),
  ];
}

function settingsProblems({ ackDeadline, maxRequests, rememberFor, calls, clock }: PushSettings): string[] {
  const problems = [
    ...durationProblems("ackDeadline", ackDeadline, [PUBSUB_MIN_LEASE_MS, PUBSUB_MAX_LEASE_MS]),
  ];
  problems.push(...durationProblems("rememberFor", rememberFor, [0, Number.POSITIVE_INFINITY]));
  if (maxRequests !== undefined && !isCount(maxRequests))
    problems.push("maxRequests: expected a whole number from 1");
  if (calls !== undefined && typeof calls?.of !== "function")
    problems.push("calls: expected what pubsubCalls() returns");
  if (clock !== undefined && typeof clock?.now !== "function") problems.push("clock: expected a clock");
  return problems;
}

function durationProblems(
  name: string,
  duration: Duration | undefined,
  [least, most]: readonly [number, number],
): string[] {
  if (duration === undefined) return [];
  try {
    const ms = durationToMs(duration, name);
    return ms < least || ms > most ? [`${name}: expected ${least} to ${most} ms, got ${ms}`] : [];
  } catch {
    return [`${name}: expected a duration such as "60s"`];
  }
}

function isTexts(value: unknown): boolean {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((item) => typeof item === "string" && item !== "");
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

function unknownOption(key: string, known: readonly string[]): string {
  const meant = suggest(key, known);
  return `unknown option ${JSON.stringify(key)} (${meant === undefined ? `known: ${known.join(", ")}` : `did you mean "${meant}"?`})`;
}

function refuse(name: string, problems: readonly string[]): void {
  if (problems.length > 0) throw invalid(`${name}(): ${problems.join("; ")}`, HOW_TO_START);
}
