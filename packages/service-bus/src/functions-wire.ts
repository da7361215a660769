import type { Delivery, EventBatch, HandBacks } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";

/** The part of the `InvocationContext` of @azure/functions that is used. */
export interface FunctionsContext {
  /** The host's id of the call. */
  readonly invocationId?: string | undefined;
  /** The host's metadata of the messages. */
  readonly triggerMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** How the function is registered. */
  readonly options?: { readonly trigger?: Readonly<Record<string, unknown>> | undefined } | undefined;
  /** Writes to the function's log. */
  readonly warn?: ((...args: never[]) => void) | undefined;
}

/** The actions that @azure/functions-extensions-servicebus 0.2.0-preview passes with each call. */
export interface ServiceBusActions {
  /** Removes a handled message. */
  complete(message: ServiceBusReceivedMessage): Promise<void>;
  /** Releases a message at once. */
  abandon(message: ServiceBusReceivedMessage, propertiesToModify?: Uint8Array): Promise<void>;
  /** Moves a message to the dead letters. */
  deadletter(
    message: ServiceBusReceivedMessage,
    propertiesToModify?: Uint8Array,
    deadletterReason?: string,
    deadletterErrorDescription?: string,
  ): Promise<void>;
  /** Sets a message aside, to be received by its sequence number. */
  defer(message: ServiceBusReceivedMessage, propertiesToModify?: Uint8Array): Promise<void>;
  /** Renews the lock of a message. */
  renewMessageLock(message: ServiceBusReceivedMessage): Promise<void>;
  /** Keeps bytes with a session. */
  setSessionState(sessionId: string, sessionState: Uint8Array): Promise<void>;
  /** Lets others take a session. */
  releaseSession(sessionId: string): Promise<void>;
  /** Renews the lock of a session; resolves with the new end of the lock. */
  renewSessionLock(sessionId: string): Promise<Date>;
}

/** `message.native` of a handler in Azure Functions. */
export interface FunctionsNative {
  /** The context of the call. */
  readonly context: FunctionsContext;
  /** With the SDK binding, the SDK's message; with the default binding, the body as the host gave it. */
  readonly message: unknown;
}

/** Identifies one delivery for its settlement. */
export interface FunctionsHandle {
  /** `message.native` of its handler. */
  readonly native: FunctionsNative;
  /** Undefined with the default binding, which settles only by the function's end. */
  readonly sdk:
    | { readonly message: ServiceBusReceivedMessage; readonly actions: ServiceBusActions }
    | undefined;
  /** The session of the message; undefined if the entity has none. */
  readonly sessionId: string | undefined;
  /** The number by which it is received again if it is deferred; undefined if the host did not pass it. */
  readonly sequenceNumber: string | undefined;
  /** The key for counting hand-backs: another queue has messages with the same numbers. */
  readonly countedAs: string;
  /** How it was settled; `left`: not at all, because its whole session is released. */
  settledAs: "completed" | "abandoned" | "dead-lettered" | "deferred" | "left" | undefined;
}

/** One call of a function. */
export interface Invocation {
  /** One delivery for each stored message. */
  readonly deliveries: readonly Delivery<FunctionsHandle>[];
  readonly cardinality: "one" | "many";
  readonly trigger: FunctionsTrigger;
  /** Undefined with the default binding. */
  readonly actions: ServiceBusActions | undefined;
  /** Names of metadata that the host replaces by a member of the body. */
  readonly hidden: readonly string[];
}

/** How the function was registered; absent values were not passed by the host. */
export interface FunctionsTrigger {
  /** Such as `"orders"` or `"orders/Subscriptions/billing"`. */
  readonly entity?: string;
  readonly isSubscription: boolean;
  /** Name of the setting that leads to the namespace. */
  readonly connection?: string;
  readonly cardinality?: "one" | "many";
  readonly hasSessions?: boolean;
  /** False if the host completes nothing by itself. */
  readonly autoCompletes: boolean;
}

/** How the messages of a function are read. */
export interface InvocationForm {
  /** Undefined: as the trigger says. */
  readonly cardinality: "one" | "many" | undefined;
  /** Messages that this process released before a handler had begun, although the service counted them. */
  readonly handBacks: HandBacks;
  /** How long a lock lasts that only we renew; undefined if the host renews it, or if it is not known. */
  readonly lockMs: number | undefined;
}

/** Calls of a function to Service Bus itself; made by `serviceBusCalls`, for `calls` of `functionsEvents`. */
export interface ServiceBusCalls {
  /** Returns the settlements for these deliveries. Called by the event source. */
  of(
    deliveries: readonly Delivery<FunctionsHandle>[],
  ): Required<Pick<EventBatch<FunctionsHandle>, "adapter" | "settle">>;
}
