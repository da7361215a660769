// The Functions host for a Service Bus trigger: receives with the plain SDK, calls the worker, completes or
// releases. ServiceBusListener of azure-sdk-for-net (2026-11-29). Unlike the original, it skips every wait
// that it can skip.

import type { Clock } from "@anyqueue/core/adapter";
import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusReceiverOptions,
  ServiceBusSessionReceiver,
} from "@azure/service-bus";
import { invoke, registered, type LibraryVersion, type RegisteredFunction } from "./functions-worker.ts";
import { HeldMessage } from "./held-message.ts";
import { holdMessages } from "./settlement-server.ts";
import { bodyData, modelData, triggerMetadata } from "./trigger-data.ts";

export interface HostOptions {
  readonly client: ServiceBusClient;
  readonly library: LibraryVersion;
  /** The name under which the app registered it. */
  readonly functionName: string;
  /** The most messages of a call, for cardinality `many`. @default 10 */
  readonly maxBatch?: number;
  /** Calls or sessions at the same time. @default 1 */
  readonly concurrency?: number;
  /** What the app logs. */
  readonly log?: (text: string) => void;
  /**
   * Renews locks as the host does: of a single message while its call runs, of a session of single messages
   * for as long as the host has it. @default locks are long enough
   */
  readonly renewal?: { readonly clock: Pick<Clock, "setTimer">; readonly everyMs: number };
  /** Called whenever the function is called. */
  readonly onCall?: () => void;
  /** Wraps what the host does about messages that it has or is about to have. @default nobody watches */
  readonly watch?: <Value>(work: () => Promise<Value>) => Promise<Value>;
}

/** One call of the function. */
export interface HostCall {
  readonly messages: readonly ServiceBusReceivedMessage[];
  /** The error that the function threw. */
  readonly error?: unknown;
}

/** How long a poll waits; real time. */
const POLL_MS = 100;
/** A session without a message is let go after this time; the host waits for longer. */
const SESSION_IDLE_MS = 5;
/** How long a drain may take; real time. */
const DRAIN_MS = 10_000;
/** How long a call waits for more messages when it has one. */
const MORE_MS = 2;

interface Trigger {
  readonly entity: readonly [string] | readonly [topic: string, subscription: string];
  readonly name: string;
  readonly isMany: boolean;
  readonly isBinary: boolean;
  readonly hasSessions: boolean;
  readonly usesSdk: boolean;
  readonly autoCompletes: boolean;
}

export class FunctionsHost {
  readonly #options: HostOptions;
  readonly #function: RegisteredFunction;
  readonly #trigger: Trigger;
  readonly #watch: NonNullable<HostOptions["watch"]>;
  /** By receiver: what ends the renewal of its session's lock. */
  readonly #receivers = new Map<ServiceBusReceiver, () => void>();
  readonly calls: HostCall[] = [];
  readonly #stopped = Promise.withResolvers<undefined>();
  #isStopping = false;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#watch = options.watch ?? (async (work) => await work());
    this.#function = registered(options.library, options.functionName);
    this.#trigger = triggerOf(this.#function);
  }

  /** Receives messages and calls the function until `stop`. */
  async run(): Promise<void> {
    const { concurrency = 1 } = this.#options;
    await Promise.all(Array.from({ length: concurrency }, () => this.#pump()));
    await Promise.all([...this.#receivers.keys()].map(async (receiver) => await this.#close(receiver)));
  }

  stop(): void {
    this.#isStopping = true;
    this.#stopped.resolve(undefined);
  }

  async #pump(): Promise<void> {
    let receiver: ServiceBusReceiver | undefined;
    while (!this.#isStopping) {
      receiver ??= await this.#open();
      if (receiver === undefined) continue;
      const messages = await this.#receive(receiver);
      const isSessionOver = messages.length === 0 || (await this.#call(receiver, messages));
      if (!this.#trigger.hasSessions || !isSessionOver) continue;
      await this.#close(receiver);
      receiver = undefined;
    }
  }

  async #close(receiver: ServiceBusReceiver): Promise<void> {
    this.#receivers.get(receiver)?.();
    this.#receivers.delete(receiver);
    await this.#watch(() => receiver.close());
  }

  async #open(): Promise<ServiceBusReceiver | undefined> {
    const { client } = this.#options;
    const { entity, hasSessions } = this.#trigger;
    const options: ServiceBusReceiverOptions = {
      skipParsingBodyAsJson: true,
      maxAutoLockRenewalDurationInMs: 0,
    };
    const [queue, subscription] = entity;
    const receiver = hasSessions
      ? await this.#nextSession(entity)
      : subscription === undefined
        ? client.createReceiver(queue, options)
        : client.createReceiver(queue, subscription, options);
    if (receiver === undefined) return undefined;
    if (hasSessions) drainPatiently(receiver);
    this.#receivers.set(receiver, this.#keepSession(receiver));
    return receiver;
  }

  /** @returns a function that ends the renewal */
  #keepSession(receiver: ServiceBusReceiver): () => void {
    const { hasSessions, isMany } = this.#trigger;
    if (!hasSessions || isMany) return () => {};
    return this.#keep(async () => await (receiver as ServiceBusSessionReceiver).renewSessionLock());
  }

  async #nextSession([queue, subscription]: Trigger["entity"]): Promise<ServiceBusReceiver | undefined> {
    const { client } = this.#options;
    const options = { skipParsingBodyAsJson: true, maxAutoLockRenewalDurationInMs: 0 };
    try {
      const accepted =
        subscription === undefined
          ? client.acceptNextSession(queue, options)
          : client.acceptNextSession(queue, subscription, options);
      const session = await Promise.race([accepted, this.#stopped.promise]);
      // If no session has a message, the SDK waits for its whole timeout, even after an abort.
      if (session === undefined) accepted.then((late) => late.close()).catch(() => {});
      return session;
    } catch {
      // Expected if the entity has no message.
      await new Promise((resolve) => setTimeout(resolve, MORE_MS));
      return undefined;
    }
  }

  /** With a session it waits for no message, which counts as work. Without one it waits for a message. */
  async #receive(receiver: ServiceBusReceiver): Promise<readonly ServiceBusReceivedMessage[]> {
    const work = async (): Promise<readonly ServiceBusReceivedMessage[]> => await this.#poll(receiver);
    return this.#trigger.hasSessions ? await this.#watch(work) : await work();
  }

  /** Returns nothing if the link or session is gone: the host goes on after an error in its loop. */
  async #poll(receiver: ServiceBusReceiver): Promise<readonly ServiceBusReceivedMessage[]> {
    const { maxBatch = 10, log } = this.#options;
    const maxWaitTimeInMs = this.#trigger.hasSessions ? SESSION_IDLE_MS : POLL_MS;
    let first: readonly ServiceBusReceivedMessage[] = [];
    try {
      first = await receiver.receiveMessages(1, { maxWaitTimeInMs });
      if (!this.#trigger.isMany || first.length === 0 || maxBatch === 1) return first;
      return [...first, ...(await receiver.receiveMessages(maxBatch - 1, { maxWaitTimeInMs: MORE_MS }))];
    } catch (error) {
      log?.(String(error));
      return first;
    }
  }

  /** @returns true if the function released its session */
  async #call(
    receiver: ServiceBusReceiver,
    messages: readonly ServiceBusReceivedMessage[],
  ): Promise<boolean> {
    const { isMany, isBinary, usesSdk, hasSessions, name } = this.#trigger;
    const held = messages.map((message) => new HeldMessage(message, receiver));
    using _held = holdMessages(held);
    const data = usesSdk ? modelData(messages, isMany) : bodyData(messages, { isMany, isBinary });
    const request = { inputData: [{ name, data }], triggerMetadata: triggerMetadata(messages, isMany) };
    this.#options.onCall?.();
    const stopRenewing = isMany || hasSessions ? () => {} : this.#keepLocks(held);
    const result = await invoke(this.#function, request, this.#options.log);
    stopRenewing();
    this.calls.push({ messages, ...result });
    await this.#watch(() => this.#settle(held, result.error === undefined));
    return held.some(({ isSessionReleased }) => isSessionReleased);
  }

  /** @returns a function that ends the renewals */
  #keepLocks(held: readonly HeldMessage[]): () => void {
    return this.#keep(async () => {
      await Promise.all(held.filter(({ isSettled }) => !isSettled).map((message) => message.renewLock()));
    });
  }

  /** @returns a function that ends this */
  #keep(renew: () => Promise<unknown>): () => void {
    const { renewal } = this.#options;
    if (renewal === undefined) return () => {};
    let isOver = false;
    const arm = (): void => {
      renewal.clock.setTimer(() => {
        if (isOver) return;
        this.#watch(renew).catch(() => undefined);
        arm();
      }, renewal.everyMs);
    };
    arm();
    return () => {
      isOver = true;
    };
  }

  /** A failed call releases the unsettled messages, whatever the trigger says. */
  async #settle(held: readonly HeldMessage[], hasSucceeded: boolean): Promise<void> {
    const open = held.filter(({ isSettled }) => !isSettled);
    for (const message of open) {
      try {
        if (!hasSucceeded) await message.abandon();
        else if (this.#trigger.autoCompletes) await message.complete();
      } catch (error) {
        // Its lock is lost, so it comes again.
        this.#options.log?.(String(error));
      }
    }
  }
}

/** On a busy machine the SDK closes a session whose drain has no answer within 200 ms; .NET does not. */
function drainPatiently(receiver: ServiceBusReceiver): void {
  const { _messageSession: session } = receiver as unknown as {
    readonly _messageSession: { readonly _batchingReceiverLite: { _drainTimeoutInMs: number } };
  };
  session._batchingReceiverLite._drainTimeoutInMs = DRAIN_MS;
}

function triggerOf({ bindings }: RegisteredFunction): Trigger {
  const [name, binding] = Object.entries(bindings)[0] ?? [];
  if (name === undefined || binding === undefined) throw new Error("the function has no trigger");
  const { queueName, topicName, subscriptionName, properties } = binding;
  const entity = typeof queueName === "string" ? [queueName] : [topicName, subscriptionName];
  return {
    entity: entity as unknown as Trigger["entity"],
    name,
    isMany: binding["cardinality"] === "many",
    isBinary: binding["dataType"] === "binary",
    hasSessions: binding["isSessionsEnabled"] === true,
    usesSdk:
      (properties as Readonly<Record<string, unknown>> | undefined)?.["supportsDeferredBinding"] === "true",
    autoCompletes: binding["autoCompleteMessages"] !== false,
  };
}
