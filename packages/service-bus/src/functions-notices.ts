import type { Invocation } from "./functions-wire.ts";

export interface NoticeFacts {
  readonly hasCalls: boolean;
  readonly hasLock: boolean;
}

/** What this way of being called cannot do, one sentence each. */
export function noticesOf(
  { actions, cardinality, trigger, deliveries, hidden }: Invocation,
  { hasCalls, hasLock }: NoticeFacts,
): readonly string[] {
  const isDefault = actions === undefined;
  const isUncounted = deliveries.some(({ deliveryCount }) => deliveryCount === undefined);
  return [
    ...(isDefault && !hasCalls ? [NO_DEAD_LETTERS] : []),
    ...(isDefault && cardinality === "many" ? [ALL_TOGETHER] : []),
    ...(!isDefault && trigger.autoCompletes ? [AUTO_COMPLETE] : []),
    ...(cardinality === "many" && !hasLock ? [NO_RENEWAL] : []),
    ...(isUncounted ? [NO_METADATA] : []),
    ...hidden.map(hiddenText),
  ];
}

function hiddenText(name: string): string {
  return `the host lets the body's "${name}" stand for that of the message, which is not known then: give the trigger dataType: "binary" (with app.generic), use the SDK binding, or name the member of the body otherwise`;
}

const NO_DEAD_LETTERS =
  "the default binding cannot dead-letter: a message whose attempts are spent comes again until the queue's MaxDeliveryCount moves it, without our reason; use the SDK binding, or calls: serviceBusCalls({ deadLetterQueue })";
const ALL_TOGETHER =
  'the default binding settles all messages of a call alike: one that fails brings all of them back; use the SDK binding, or cardinality "one"';
const AUTO_COMPLETE =
  "the SDK binding is used without autoCompleteMessages: false: what was not started in a session counts as delivered when it is given back";
const NO_RENEWAL =
  'the host renews no lock with cardinality "many": say lockDuration, so that locks are renewed with the SDK binding and are known to be lost without it';
const NO_METADATA =
  "the host does not tell how often its messages were delivered: each counts as a first attempt, and the queue's MaxDeliveryCount alone ends the tries";
