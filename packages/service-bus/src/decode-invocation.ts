import type { Delivery } from "@anyqueue/core/adapter";
import { defaultDelivery, sdkDelivery, type MessageParts } from "./functions-message.ts";
import type {
  FunctionsContext,
  FunctionsHandle,
  FunctionsTrigger,
  Invocation,
  InvocationForm,
  ServiceBusActions,
} from "./functions-wire.ts";
import { invalid } from "./refusal.ts";
import { hiddenBy, isRecord, TriggerMetadata } from "./trigger-metadata.ts";

const TRIGGER = "serviceBusTrigger";
/** Stands for the type in a context that a test has made itself. */
const UNKNOWN_TRIGGER = "unknown";
const WRONG_EVENT =
  "Register the function with app.serviceBusQueue or app.serviceBusTopic, or use the source that fits its trigger.";

const NOBODY_COMPLETES =
  "So nobody completes a message that was handled, and it comes again. Leave it out, or say sdkBinding: true and import @azure/functions-extensions-servicebus.";

/**
 * Reads the arguments with which the host called the function.
 * @throws INVALID_ARGUMENT if something else called it, or its messages and metadata do not fit together
 */
export function decodeInvocation(input: unknown, given: unknown, form: InvocationForm): Invocation {
  const context = checkContext(input, given);
  const trigger = triggerOf(context);
  const sdk = sdkInput(input);
  if (sdk === undefined && !trigger.autoCompletes)
    throw invalid("the default binding was used with autoCompleteMessages: false", NOBODY_COMPLETES);
  const brought = sdk === undefined ? input : sdk.messages;
  const hidden = sdk === undefined ? hiddenBy(brought) : new Set<string>();
  const isListed = sdk === undefined ? isListedByHost(context, hidden) : Array.isArray(brought);
  const cardinality = cardinalityOf(isListed, trigger, form);
  const bodies = cardinality === "many" ? listOf(brought) : [brought];
  const metadata = new TriggerMetadata(
    context.triggerMetadata,
    cardinality === "many" ? bodies.length : undefined,
    hidden,
  );
  if (cardinality === "many") refuseGaps(bodies.length, metadata.count);
  // The host renews the lock of a single message for as long as the function runs.
  const lockMs = cardinality === "many" ? form.lockMs : undefined;
  const deliveries = bodies.map((body, index) => {
    const parts: MessageParts = {
      body,
      metadata: metadata.of(index),
      context,
      trigger,
      index,
      form: { ...form, lockMs },
    };
    return sdk === undefined ? defaultDelivery(parts) : sdkDelivery(parts, sdk.actions);
  });
  return {
    deliveries: onceEach(deliveries),
    cardinality,
    trigger,
    actions: sdk?.actions,
    hidden: metadata.hidden,
  };
}

/** The v4 programming model passes the context last; other models and other platforms pass something else. */
function checkContext(input: unknown, context: unknown): FunctionsContext {
  if (isRecord(input) && "bindingData" in input && typeof input["log"] === "function") {
    const remedy = "Register it with app.serviceBusQueue of @azure/functions 4.";
    throw invalid("the function was called as in the v3 programming model, with its context first", remedy);
  }
  if (!isRecord(context))
    throw invalid(`expected a Service Bus trigger, got ${describeCall(input)}`, WRONG_EVENT);
  const { options } = context as FunctionsContext;
  const type = options?.trigger?.["type"] ?? UNKNOWN_TRIGGER;
  if (type !== TRIGGER && type !== UNKNOWN_TRIGGER)
    throw invalid(
      `expected a Service Bus trigger, got a trigger of type ${JSON.stringify(type)}`,
      WRONG_EVENT,
    );
  return context;
}

function triggerOf({ options }: FunctionsContext): FunctionsTrigger {
  const { queueName, topicName, subscriptionName, connection, cardinality, isSessionsEnabled } =
    options?.trigger ?? {};
  const isSubscription = typeof topicName === "string" && typeof subscriptionName === "string";
  return {
    ...(isSubscription && { entity: `${topicName}/Subscriptions/${subscriptionName}` }),
    ...(typeof queueName === "string" && { entity: queueName }),
    isSubscription,
    ...(typeof connection === "string" && { connection }),
    ...((cardinality === "one" || cardinality === "many") && { cardinality }),
    ...(typeof isSessionsEnabled === "boolean" && { hasSessions: isSessionsEnabled }),
    autoCompletes: options?.trigger?.["autoCompleteMessages"] !== false,
  };
}

/** Recognises the input of @azure/functions-extensions-servicebus by its functions: no body can have any. */
function sdkInput(
  input: unknown,
): { readonly messages: unknown; readonly actions: ServiceBusActions } | undefined {
  if (!isRecord(input)) return undefined;
  const { messages, actions } = input;
  const isActions =
    isRecord(actions) &&
    ["complete", "abandon", "deadletter"].every((name) => typeof actions[name] === "function");
  return isActions && typeof messages === "object" && messages !== null
    ? { messages, actions: actions as unknown as ServiceBusActions }
    : undefined;
}

/** Only the metadata tell, because a body can itself be a list. */
function isListedByHost(
  { triggerMetadata }: FunctionsContext,
  hidden: ReadonlySet<string>,
): boolean | undefined {
  const told = Object.keys(triggerMetadata ?? {}).map((name) => name.toLowerCase());
  const names = told.filter((name) => !hidden.has(name));
  if (names.includes("messageidarray") || names.includes("deliverycountarray")) return true;
  return names.includes("messageid") || names.includes("deliverycount") ? false : undefined;
}

function cardinalityOf(
  isListed: boolean | undefined,
  trigger: FunctionsTrigger,
  form: InvocationForm,
): "one" | "many" {
  const told = isListed === undefined ? trigger.cardinality : isListed ? "many" : "one";
  const wanted = form.cardinality ?? told ?? "one";
  if (told === undefined || told === wanted) return wanted;
  throw invalid(
    `the trigger's cardinality is ${JSON.stringify(told)}, that of functionsEvents() ${JSON.stringify(wanted)}`,
    "Set the same at both, or leave it out of functionsEvents().",
  );
}

function listOf(bodies: unknown): readonly unknown[] {
  if (Array.isArray(bodies)) return bodies;
  throw invalid(
    `expected a list of messages, got ${describeCall(bodies)}`,
    'Register the trigger with cardinality "many", or say cardinality: "one" here.',
  );
}

/** The host leaves empty texts out of a list of texts. Then no body can be matched with its message. */
function refuseGaps(bodies: number, messages: number | undefined): void {
  if (messages === undefined || messages === bodies) return;
  throw invalid(
    `the host passed ${bodies} bodies for ${messages} messages`,
    'It leaves out empty ones as text: use dataType "binary", the SDK binding, or cardinality "one".',
  );
}

/** Keeps one delivery of each stored message: the last, because its lock is the one that counts. */
function onceEach(deliveries: readonly Delivery<FunctionsHandle>[]): readonly Delivery<FunctionsHandle>[] {
  // A Map keeps the position of the first delivery, here with the value of the last.
  return [...new Map(deliveries.map((delivery) => [delivery.providerId, delivery])).values()];
}

/** Describes a call without its data. */
function describeCall(input: unknown): string {
  if (!isRecord(input))
    return Array.isArray(input) ? "a list" : input === null ? "null" : `a ${typeof input}`;
  if ("Records" in input) return "an event of AWS Lambda";
  if ("requestContext" in input || "httpMethod" in input || "headers" in input) return "an HTTP request";
  if ("specversion" in input) return "a CloudEvent";
  const keys = Object.keys(input).slice(0, 5).join(", ");
  return keys === "" ? "an empty object" : `an object with ${keys}`;
}
