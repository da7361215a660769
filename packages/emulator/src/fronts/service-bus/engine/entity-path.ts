import type { EngineError } from "./engine-error.ts";
import { invalidArgument } from "./refusals.ts";

export type SubQueue = "deadLetter" | "transferDeadLetter";

/** What an address stands for. */
export interface EntityPath {
  /** Name of the queue or topic. */
  readonly name: string;
  readonly subscription: string | undefined;
  readonly subQueue: SubQueue | undefined;
}

const SUB_QUEUES: readonly (readonly [RegExp, SubQueue])[] = [
  [/\/\$transfer\/\$deadletterqueue$/i, "transferDeadLetter"],
  [/\/\$deadletterqueue$/i, "deadLetter"],
];

/** Parses an address. Fixed parts match in any case, because clients mix cases. Names keep their case. */
export function parseEntityPath(path: string): EntityPath {
  const trimmed = path.replace(/^\/+|\/+$/g, "");
  const found = SUB_QUEUES.find(([pattern]) => pattern.test(trimmed));
  const entity = found === undefined ? trimmed : trimmed.replace(found[0], "");
  const parts = /^(.+)\/subscriptions\/([^/]+)$/i.exec(entity);
  return { name: parts?.[1] ?? entity, subscription: parts?.[2], subQueue: found?.[1] };
}

// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftservicebus (2026-11-29)
const ENTITY_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9_])?$/;
const SUBSCRIPTION_NAME = /^[A-Za-z0-9_$](?:[A-Za-z0-9._$-]*[A-Za-z0-9_$])?$/;
const MAX_ENTITY_NAME = 260;
const MAX_SUBSCRIPTION_NAME = 50;

/** Checks the name of a queue or topic. Throws `com.microsoft:argument-error`. */
export function checkEntityName(name: string): void {
  if (name.length > MAX_ENTITY_NAME || !ENTITY_NAME.test(name) || isReserved(name))
    throw badName("entity", name, MAX_ENTITY_NAME, "and slashes inside");
}

export function checkSubscriptionName(name: string): void {
  if (name.length > MAX_SUBSCRIPTION_NAME || !SUBSCRIPTION_NAME.test(name))
    throw badName("subscription", name, MAX_SUBSCRIPTION_NAME, "no slash");
}

export function checkRuleName(name: string): void {
  if (name.length > MAX_SUBSCRIPTION_NAME || !SUBSCRIPTION_NAME.test(name))
    throw badName("rule", name, MAX_SUBSCRIPTION_NAME, "no slash");
}

/** A queue with such a name would be hidden behind a subscription's address. */
function isReserved(name: string): boolean {
  return /(?:^|\/)subscriptions(?:\/|$)/i.test(name);
}

function badName(kind: string, name: string, max: number, more: string): EngineError {
  return invalidArgument(
    `'${name}' is no valid ${kind} name: 1 to ${String(max)} letters, digits, dots, hyphens and underscores, ${more}.`,
  );
}
