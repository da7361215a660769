import type { Delivery, EventBatch, HandBacks } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";

/** What is used of the `InvocationContext` of @azure/functions. */
export interface FunctionsContext {
  /** The host's id of the call. */
  readonly invocationId?: string | undefined;
  /** What the host tells of the messages. */
  readonly triggerMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** How the function is registered. */
  readonly options?: { readonly trigger?: Readonly<Record<string, unknown>> | undefined } | undefined;
  /** Writes to the function's log. */
  readonly warn?: ((...args: never[]) => void) | undefined;
}

/** What @azure/functions-extensions-servicebus 0.2.0-preview brings with each call to settle its messages by. */
export interface ServiceBusActions {
  /** Removes a handled message. */
  complete(message: ServiceBusReceivedMessage): Promise<void>;
  /** Gives a message back at once. */
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
  /** Lets others have a session. */
  releaseSession(sessionId: string): Promise<void>;
  /** Renews the lock of a session; resolves with its end. */
  renewSessionLock(sessionId: string): Promise<Date>;
}

/** `message.native` of a handler in Azure Functions. */
export interface FunctionsNative {
  /** What the function was called with. */
  readonly context: FunctionsContext;
  /** The SDK's message, with the SDK binding; the body as the host gave it, with the default binding. */
  readonly message: unknown;
}

/** What settles one delivery. */
export interface FunctionsHandle {
  /** `message.native` of its handler. */
  readonly native: FunctionsNative;
  /** Undefined: the default binding, which settles by the function's end alone. */
  readonly sdk:
    | { readonly message: ServiceBusReceivedMessage; readonly actions: ServiceBusActions }
    | undefined;
  /** The session that it is in; undefined where the entity has none. */
  readonly sessionId: string | undefined;
  /** What it is received by again when it is deferred; undefined: the host did not tell. */
  readonly sequenceNumber: string | undefined;
  /** What its hand-backs are counted by: another queue has messages of the same numbers. */
  readonly countedAs: string;
  /** What was done about it; `left`: nothing, its session goes back as a whole. */
  settledAs: "completed" | "abandoned" | "dead-lettered" | "deferred" | "left" | undefined;
}

/** One call of a function. */
export interface Invocation {
  /** Each stored message once. */
  readonly deliveries: readonly Delivery<FunctionsHandle>[];
  readonly cardinality: "one" | "many";
  readonly trigger: FunctionsTrigger;
  /** Undefined: the default binding. */
  readonly actions: ServiceBusActions | undefined;
  /** Names of metadata that a member of the body stands for. */
  readonly hidden: readonly string[];
}

/** What the function was registered with; what is absent was not told. */
export interface FunctionsTrigger {
  /** `"orders"`, `"orders/Subscriptions/billing"`. */
  readonly entity?: string;
  readonly isSubscription: boolean;
  /** Name of the setting that leads to the namespace. */
  readonly connection?: string;
  readonly cardinality?: "one" | "many";
  readonly hasSessions?: boolean;
  /** False: the host completes nothing by itself. */
  readonly autoCompletes: boolean;
}

/** How the messages of a function are read. */
export interface InvocationForm {
  /** Undefined: as the trigger says. */
  readonly cardinality: "one" | "many" | undefined;
  /** What this process gave back before a handler had begun, and the service counted all the same. */
  readonly handBacks: HandBacks;
  /** How long a lock lasts that nobody but us renews; undefined: the host renews it, or it is not known. */
  readonly lockMs: number | undefined;
}

/** What a function may ask of Service Bus itself; made by `serviceBusCalls` for the option `calls` of `functionsEvents`. */
export interface ServiceBusCalls {
  /** What can be done to these deliveries. Called by the source. */
  of(
    deliveries: readonly Delivery<FunctionsHandle>[],
  ): Required<Pick<EventBatch<FunctionsHandle>, "adapter" | "settle">>;
}
