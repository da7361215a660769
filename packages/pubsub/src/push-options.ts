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

/** What a batch can do at Pub/Sub, and who reads its errors. */
export type PubsubSettling = Required<Pick<EventBatch<PubsubHandle>, "adapter" | "settle">>;

/** What a function may ask of Pub/Sub itself; made by `pubsubCalls` for the option `calls`. */
export interface PubsubCalls {
  /** What can be done to these deliveries, of a subscription in this project, if the push says it. Called by the source. */
  of(project: string | undefined, deliveries: readonly Delivery<PubsubHandle>[]): PubsubSettling;
}

/** Every push must prove itself by a token of Google's: the subscription must have push authentication. */
export interface VerifiedPush {
  /**
   * What the token is for: `--push-auth-token-audience` of the subscription, else the URL of the endpoint. One or
   * several.
   */
  readonly audience: string | readonly string[];
  /**
   * Whose token it is: the e-mail address of `--push-auth-service-account`, one or several. Anybody can have Google sign
   * a token for any audience, so that this alone proves the sender. `"any"`: it does not matter who calls.
   */
  readonly serviceAccount: string | readonly string[];
  /** Where the public keys come from, for the emulator and for tests: URL of a JWK set, or a function. @default Google's */
  readonly keys?: PushKeys | undefined;
  /** Not beside `audience`. */
  readonly trustPlatform?: undefined;
}

/** Somebody else has checked who calls: IAM of Cloud Run (without `--allow-unauthenticated`), a gateway. */
export interface TrustedPush {
  /** Takes every push for one of Pub/Sub's. If the endpoint is open to everybody, everybody can send it messages. */
  readonly trustPlatform: true;
  /** Not beside `trustPlatform`. */
  readonly audience?: undefined;
  /** Not beside `trustPlatform`. */
  readonly serviceAccount?: undefined;
  /** Not beside `trustPlatform`. */
  readonly keys?: undefined;
}

/** How pushes are taken, in whichever form they arrive. */
export interface PushSettings {
  /**
   * The subscription's ack deadline, "10s" to "600s", which a push does not tell: by then Pub/Sub must have its answer.
   * Shorter than it is, handlers are stopped too early; longer, messages come again while they are handled.
   * @default "10s", the service's own; for CloudEvents not known
   */
  readonly ackDeadline?: Duration | undefined;
  /**
   * Messages in hand at once, those that wait for a handler included; a whole number from 1. Any more are answered 429,
   * so that Pub/Sub slows down; each such refusal costs a delivery attempt. Each may hold `maxBodyBytes`. @default 100
   */
  readonly maxRequests?: number | undefined;
  /**
   * How long it is remembered that a message was handled: one that is pushed again within this time is answered as
   * handled, without its handler. A `seek` back in time looks the same. "0s": nothing is remembered. @default "10m"
   */
  readonly rememberFor?: Duration | undefined;
  /**
   * What the function may ask of Pub/Sub itself, made by `pubsubCalls` of `@anyqueue/pubsub`. Without it no SDK is
   * needed, and dead letters are left to the subscription's dead-letter policy. @default none
   */
  readonly calls?: PubsubCalls | undefined;
  /** For tests. @default the machine's */
  readonly clock?: Clock | undefined;
}

/**
 * Options of `pushRequests` and `nodePushRequests`: how a push proves where it comes from, and how it is
 * taken.
 */
export type PushOptions = (VerifiedPush | TrustedPush) &
  PushSettings & {
    /**
     * Bytes of a request's body, a whole number from 1; a longer one is answered 413, and comes again. @default 16777216
     * (16 MiB), more than Pub/Sub ever sends
     */
    readonly maxBodyBytes?: number | undefined;
  };

/**
 * Options of `pubsubEvents`. A CloudEvent does not show its HTTP request, so that only the platform can check who
 * calls.
 */
export type PubsubEventsOptions = Pick<TrustedPush, "trustPlatform"> & PushSettings;

/** Settings with every default filled in. */
export interface ResolvedPush {
  /** Undefined: the end is not known. */
  readonly ackDeadlineMs: number | undefined;
  readonly maxRequests: number;
  readonly rememberMs: number;
  readonly maxBodyBytes: number;
  readonly calls: PubsubCalls | undefined;
  readonly clock: Clock;
}

/** The service's own. https://cloud.google.com/pubsub/docs/subscription-properties#ack_deadline (2026-11-29) */
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
