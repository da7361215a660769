import type { Invocation } from "./functions-wire.ts";

export interface NoticeFacts {
  readonly hasCalls: boolean;
  readonly hasLock: boolean;
}

/** Returns what this kind of call cannot do, one sentence each. */
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
  return `the host replaces the message's "${name}" by that of the body, so the message's own is not known: give the trigger dataType: "binary" (with app.generic), use the SDK binding, or rename the member of the body`;
}

const NO_DEAD_LETTERS =
  "the default binding cannot dead-letter: a message whose attempts are spent comes again until the queue's MaxDeliveryCount moves it, without a reason; use the SDK binding, or calls: serviceBusCalls({ deadLetterQueue })";
const ALL_TOGETHER =
  'the default binding settles all messages of a call together: if one fails, all of them come back; use the SDK binding, or cardinality "one"';
const AUTO_COMPLETE =
  "the SDK binding is used without autoCompleteMessages: false: a message of a session that was not started counts as delivered when it is given back";
const NO_RENEWAL =
  'the host renews no lock with cardinality "many": set lockDuration, so that the SDK binding renews locks, and their loss is noticed without it';
const NO_METADATA =
  "the host does not say how often its messages were delivered: each counts as a first attempt, and only the queue's MaxDeliveryCount ends the tries";
