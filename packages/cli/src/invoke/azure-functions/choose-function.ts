import { InvokeError } from "../invoke-error.ts";
import type { RegisteredFunction, TriggerBinding } from "./worker-messages.ts";

export interface ChosenFunction {
  readonly name: string;
  readonly trigger: TriggerBinding;
}

/**
 * The function that was named, else the one of this queue or subscription, else the only Service Bus one.
 * @throws NO_SUCH_FUNCTION, UNSUPPORTED
 */
export function chooseFunction(
  functions: readonly RegisteredFunction[],
  wanted: string | undefined,
  entity: string,
  path: string,
): ChosenFunction {
  const fed = functions.flatMap(({ name, trigger }) =>
    trigger?.type.toLowerCase() === "servicebustrigger" ? [{ name, trigger }] : [],
  );
  const ofQueue = fed.filter(({ trigger }) => sourceOf(trigger).toLowerCase() === entity.toLowerCase());
  const candidates = wanted === undefined ? (ofQueue.length > 0 ? ofQueue : fed) : fed;
  const [chosen, another] = candidates.filter(({ name }) => wanted === undefined || name === wanted);
  if (chosen === undefined) {
    const known = functions.map(({ name }) => name).join(", ");
    const what =
      wanted === undefined ? "no function with a Service Bus trigger" : `no Service Bus function ${wanted}`;
    throw new InvokeError(
      "NO_SUCH_FUNCTION",
      `${path} registers ${what}${known === "" ? "" : `; registered: ${known}`}`,
      "Register it with app.serviceBusQueue or app.serviceBusTopic of @azure/functions.",
    );
  }
  if (another !== undefined) {
    const names = candidates.map(({ name }) => name).join(", ");
    throw new InvokeError("NO_SUCH_FUNCTION", `${path} has several: ${names}`, "Name one with --function.");
  }
  return chosen;
}

/** The entity that a trigger names; like Service Bus, ignores case. */
function sourceOf({ properties }: TriggerBinding): string {
  const { queueName, topicName, subscriptionName } = properties;
  if (typeof queueName === "string") return queueName;
  const isNamed = typeof topicName === "string" && typeof subscriptionName === "string";
  return isNamed ? `${topicName}/Subscriptions/${subscriptionName}` : "";
}

/**
 * True if the function has the SDK binding and settles its messages one by one.
 * @throws UNSUPPORTED for a function that neither settles nor lets the host do so
 */
export function settlesItself({ name, trigger }: ChosenFunction): boolean {
  const { sdkBinding, properties, autoCompleteMessages } = trigger.properties;
  const isDeferred =
    typeof properties === "object" &&
    properties !== null &&
    Reflect.get(properties, "supportsDeferredBinding") === "true";
  if (sdkBinding === true || isDeferred) return true;
  if (autoCompleteMessages !== false) return false;
  throw new InvokeError(
    "UNSUPPORTED",
    `${name} says autoCompleteMessages: false without sdkBinding: true, so nobody settles its messages`,
    "Add sdkBinding: true and @azure/functions-extensions-servicebus, or leave out autoCompleteMessages.",
  );
}
