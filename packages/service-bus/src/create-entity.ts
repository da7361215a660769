import { QueueError, type CreateOptions, type Target } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { assertKind } from "./entity-kind.ts";
import { durationMs, isoDuration } from "./iso-duration.ts";
import { PROVIDER } from "./refusal.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { MAX_DELIVERY_COUNT, MAX_LOCK_MS, MIN_LOCK_MS } from "./service-bus-limits.ts";
import { filterOf, hasRules, type SubscriptionRule } from "./subscription-rule.ts";

/** The rule that the service makes with each subscription; it lets everything pass. */
const DEFAULT_RULE = "$Default";

/** The requested settings, in the SDK's words. */
export interface WantedSettings {
  readonly lockDuration: string;
  readonly maxDeliveryCount: number;
  readonly requiresSession: boolean;
}

export function wantedBy(
  { ref }: Target,
  { leaseMs, maxDeliveries, deadLetter }: CreateOptions,
): WantedSettings {
  const lockMs = Math.min(MAX_LOCK_MS, Math.max(MIN_LOCK_MS, leaseMs ?? DEFAULT_LOCK_MS));
  // The service always dead-letters. If no limit was requested, it does so as late as it can.
  return {
    lockDuration: isoDuration(lockMs),
    maxDeliveryCount:
      deadLetter === undefined ? MAX_DELIVERY_COUNT : (maxDeliveries ?? DEFAULT_DELIVERY_COUNT),
    requiresSession: ref.features.includes("ordering"),
  };
}

/** The service's own defaults. */
const DEFAULT_LOCK_MS = 60_000;
const DEFAULT_DELIVERY_COUNT = 10;

export async function createQueue(
  client: ServiceBusAdministrationClient,
  name: string,
  wanted: WantedSettings,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const requiresDuplicateDetection = target.ref.features.includes("deduplication");
  const options = { abortSignal: signal };
  try {
    await client.createQueue(name, { ...wanted, requiresDuplicateDetection, ...options });
  } catch (error) {
    if (!isExisting(error)) throw error;
    await assertKind(client, target, signal);
    const existing = await client.getQueue(name, options);
    const isSame =
      isLike(existing, wanted) && existing.requiresDuplicateDetection === requiresDuplicateDetection;
    if (!isSame) throw error;
  }
}

export async function createTopic(
  client: ServiceBusAdministrationClient,
  name: string,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const requiresDuplicateDetection = target.ref.features.includes("deduplication");
  const options = { abortSignal: signal };
  try {
    await client.createTopic(name, { requiresDuplicateDetection, ...options });
  } catch (error) {
    if (!isExisting(error)) throw error;
    await assertKind(client, target, signal);
    const existing = await client.getTopic(name, options);
    // A subscription definition also creates its topic, and knows nothing of deduplication.
    if (requiresDuplicateDetection && !existing.requiresDuplicateDetection) throw error;
  }
}

interface WantedSubscription {
  readonly topic: string;
  readonly subscription: string;
  readonly wanted: WantedSettings;
  readonly rules: readonly SubscriptionRule[] | undefined;
}

export async function createSubscription(
  client: ServiceBusAdministrationClient,
  { topic, subscription, wanted, rules }: WantedSubscription,
  signal: AbortSignal,
): Promise<void> {
  const options = { abortSignal: signal };
  const [first, ...others] = rules ?? [];
  try {
    // Created with its first rule. The default rule would let everything pass until it is replaced.
    const defaultRuleOptions = first === undefined ? {} : { defaultRuleOptions: ruleOf(first) };
    await client.createSubscription(topic, subscription, { ...wanted, ...defaultRuleOptions, ...options });
  } catch (error) {
    if (!isExisting(error)) throw error;
    const existing = await client.getSubscription(topic, subscription, options);
    if (!isLike(existing, wanted)) throw error;
    await refuseOtherRules(client, { topic, subscription, wanted, rules }, signal, error);
    return;
  }
  try {
    for (const rule of others) {
      const { name, filter, action } = ruleOf(rule);
      if (action === undefined) await client.createRule(topic, subscription, name, filter, options);
      else await client.createRule(topic, subscription, name, filter, action, options);
    }
  } catch (error) {
    // A subscription with only some of its rules would miss messages that are meant for it.
    await client.deleteSubscription(topic, subscription).catch(() => {});
    throw error;
  }
}

async function refuseOtherRules(
  client: ServiceBusAdministrationClient,
  { topic, subscription, rules }: WantedSubscription,
  signal: AbortSignal,
  cause: unknown,
): Promise<void> {
  const existing = [];
  for await (const rule of client.listRules(topic, subscription, { abortSignal: signal }))
    existing.push(rule);
  if (hasRules(existing, rules ?? [{ name: DEFAULT_RULE }])) return;
  throw new QueueError("ALREADY_EXISTS", {
    what: `the subscription ${topic}/${subscription} exists with other rules`,
    provider: PROVIDER,
    operation: "admin",
    cause,
  });
}

interface NamedRule {
  readonly name: string;
  readonly filter: ReturnType<typeof filterOf>;
  readonly action?: { readonly sqlExpression: string };
}

function ruleOf(rule: SubscriptionRule): NamedRule {
  const { name, action } = rule;
  return {
    name,
    filter: filterOf(rule),
    ...(action === undefined ? {} : { action: { sqlExpression: action } }),
  };
}

function isExisting(error: unknown): boolean {
  return classifyServiceBusError(error, "admin").code === "ALREADY_EXISTS";
}

function isLike(existing: WantedSettings, wanted: WantedSettings): boolean {
  return (
    existing.requiresSession === wanted.requiresSession &&
    existing.maxDeliveryCount === wanted.maxDeliveryCount &&
    durationOf(existing) === durationOf(wanted)
  );
}

function durationOf({ lockDuration }: WantedSettings): number | undefined {
  return durationMs(lockDuration);
}
