import { EmulatorError } from "../../../emulator-error.ts";
import type { Namespace } from "../engine/contract.ts";
import { EngineError } from "../engine/engine-error.ts";
import { readEntityPlan, type EntityPlan, type PlannedSubscription } from "./entity-plan-wire.ts";
import type { ServiceBusConfig } from "./service-bus-config.ts";

/** Checks a configuration from outside the process, whose type is unknown. */
export function assertServiceBusConfig(value: unknown): asserts value is ServiceBusConfig {
  readEntityPlan(value);
}

/**
 * Creates the entities of a configuration. None of them may exist yet.
 *
 * @throws EmulatorError `INVALID_OPTION` naming the place of the mistake. Entities before that place stay.
 */
export function applyConfig(namespace: Namespace, config: ServiceBusConfig): void {
  const plan = readEntityPlan(config);
  createEntities(namespace, plan);
  setForwarding(namespace, plan);
}

/** Creates entities without forwarding, because a target may come later in the configuration. */
function createEntities(namespace: Namespace, { queues, topics }: EntityPlan): void {
  for (const { where, name, settings } of queues) {
    at(where, () => namespace.createQueue(name, withoutForwarding(settings)));
  }
  for (const { where, name, settings, subscriptions } of topics) {
    at(where, () => namespace.createTopic(name, settings));
    for (const subscription of subscriptions) createSubscription(namespace, name, subscription);
  }
}

function createSubscription(
  namespace: Namespace,
  topic: string,
  { where, name, settings, rules }: PlannedSubscription,
): void {
  const [first, ...others] = rules;
  const created = at(where, () =>
    namespace.createSubscription(topic, name, withoutForwarding(settings), first),
  );
  for (const rule of others) at(where, () => created.addRule(rule));
}

function setForwarding(namespace: Namespace, { queues, topics }: EntityPlan): void {
  for (const { where, name, settings } of queues) {
    const forwarding = forwardingOf(settings);
    if (forwarding !== undefined) at(where, () => namespace.updateQueue(name, forwarding));
  }
  for (const topic of topics) {
    for (const { where, name, settings } of topic.subscriptions) {
      const forwarding = forwardingOf(settings);
      if (forwarding !== undefined)
        at(where, () => namespace.updateSubscription(topic.name, name, forwarding));
    }
  }
}

interface Forwarding {
  readonly forwardTo?: string | undefined;
  readonly forwardDeadLetteredMessagesTo?: string | undefined;
}

function withoutForwarding<Settings extends Forwarding>(settings: Settings): Settings {
  return { ...settings, forwardTo: undefined, forwardDeadLetteredMessagesTo: undefined };
}

function forwardingOf({ forwardTo, forwardDeadLetteredMessagesTo }: Forwarding): Forwarding | undefined {
  if (forwardTo === undefined && forwardDeadLetteredMessagesTo === undefined) return undefined;
  return { forwardTo, forwardDeadLetteredMessagesTo };
}

function at<Result>(where: string, create: () => Result): Result {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EmulatorError("INVALID_OPTION", `${where} of the Service Bus configuration: ${error.message}`, {
      cause: error,
    });
  }
}
