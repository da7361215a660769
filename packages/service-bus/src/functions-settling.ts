import { orAborted, QueueError, type EventBatch, type ItemResult } from "@anyqueue/core/adapter";
import { amqpMapOf } from "./amqp-map.ts";
import { classifyFunctionsError } from "./functions-errors.ts";
import type { FunctionsHandle } from "./functions-wire.ts";
import { field } from "./field.ts";
import { PROVIDER } from "./refusal.ts";
import { clipReason } from "./service-bus-wire.ts";

type Settling = Required<Pick<EventBatch<FunctionsHandle>, "adapter" | "settle">>;

export interface SdkSettlingOptions {
  /** True if the host does not complete what is unsettled when the function returns. */
  readonly canLeave: boolean;
  /** How long a lock lasts after its renewal; undefined if not known. */
  readonly lockMs: number | undefined;
  /** Shared by all calls of a function. */
  readonly dialect: SettlingDialect;
}

/** What has been learnt about the extension. */
export interface SettlingDialect {
  /** True if it wants reasons inside an object. */
  wrapsTexts: boolean;
}

const DONE: ItemResult = Object.freeze({ ok: true, value: undefined });

/** Classifies the errors of the host's actions. */
const ADAPTER: Settling["adapter"] = Object.freeze({ name: PROVIDER, classify: classifyFunctionsError });

/** Settles one message at a time through the host, which owns the link. */
export function sdkSettling({ canLeave, lockMs, dialect }: SdkSettlingOptions): Settling {
  const leaseMs = lockMs ?? Number.POSITIVE_INFINITY;
  return {
    adapter: ADAPTER,
    settle: {
      ackBatch: async (handles, signal) =>
        await all(handles, async (handle) => {
          // A message that its handler deferred needs no ack.
          if (handle.settledAs === "deferred") return DONE;
          return await settle(handle, "completed", signal, ({ message, actions }) =>
            actions.complete(message),
          );
        }),
      releaseBatch: async (items, signal) =>
        await all(items, async ({ handle, cause, note }) => {
          // An abandoned message counts as delivered; the end of a session does not count.
          if (canLeave && cause === "unstarted" && handle.sessionId !== undefined && !isSettled(handle)) {
            handle.settledAs = "left";
            return DONE;
          }
          return await settle(handle, "abandoned", signal, ({ message, actions }) =>
            actions.abandon(message, note && amqpMapOf(note)),
          );
        }),
      deadLetterBatch: async (items, signal) =>
        await all(items, async ({ handle, reason, description, attributes }) => {
          const texts = [reason, ...(description === undefined ? [] : [description])].map(clipReason);
          return await settle(handle, "dead-lettered", signal, async (sdk) => {
            await deadLetter(sdk, amqpMapOf(attributes), texts, dialect);
          });
        }),
      extendBatch: async (items, signal) =>
        await all(items, async ({ handle }) => await renew(handle, leaseMs, signal)),
    },
  };
}

/** True if nobody, not even the host, has to do anything more about it. */
export function isSettled({ settledAs }: FunctionsHandle): boolean {
  return settledAs !== undefined;
}

async function all<Item, Value>(
  items: readonly Item[],
  work: (item: Item) => Promise<ItemResult<Value>>,
): Promise<readonly ItemResult<Value>[]> {
  return await Promise.all(items.map(work));
}

type SdkParts = NonNullable<FunctionsHandle["sdk"]>;

async function settle(
  handle: FunctionsHandle,
  as: NonNullable<FunctionsHandle["settledAs"]>,
  signal: AbortSignal,
  work: (sdk: SdkParts) => Promise<void>,
): Promise<ItemResult> {
  if (isSettled(handle)) return { ok: false, error: settledBefore(handle) };
  const result = await attempt(handle, signal, work);
  if (result.ok) handle.settledAs = as;
  return result.ok ? DONE : result;
}

/**
 * The preview passes a reason as a text where its own protocol wants an object, and fails before sending.
 * https://github.com/Azure/azure-functions-nodejs-extensions, ServiceBusMessageActions (2026-11-29)
 */
async function deadLetter(
  { message, actions }: SdkParts,
  properties: Uint8Array,
  texts: readonly string[],
  dialect: SettlingDialect,
): Promise<void> {
  const send = async (wraps: boolean): Promise<void> => {
    const [reason, description] = wraps ? texts.map(wrapped) : texts;
    await actions.deadletter(message, properties, reason, description);
  };
  // Read once: other calls may learn it meanwhile.
  const { wrapsTexts } = dialect;
  try {
    await send(wrapsTexts);
  } catch (error) {
    if (wrapsTexts || !/serialization failure/i.test(String(field(error, "details")))) throw error;
    dialect.wrapsTexts = true;
    await send(true);
  }
}

function wrapped(text: string): string {
  return { value: text } as unknown as string;
}

async function renew(
  handle: FunctionsHandle,
  leaseMs: number,
  signal: AbortSignal,
): Promise<ItemResult<{ readonly leaseMs: number }>> {
  const { sessionId } = handle;
  const result = await attempt<unknown>(handle, signal, ({ message, actions }) =>
    sessionId === undefined ? actions.renewMessageLock(message) : actions.renewSessionLock(sessionId),
  );
  return result.ok ? { ok: true, value: { leaseMs } } : result;
}

async function attempt<Value>(
  { sdk }: FunctionsHandle,
  signal: AbortSignal,
  work: (sdk: SdkParts) => Promise<Value>,
): Promise<ItemResult<Value>> {
  try {
    if (sdk === undefined) throw new Error("the message came without actions");
    // The host's answer has no time limit of its own.
    const value = await orAborted(work(sdk), signal, () => {
      throw new QueueError("TIMEOUT", {
        what: "the host did not answer",
        provider: PROVIDER,
        ambiguous: true,
      });
    });
    return { ok: true, value };
  } catch (error) {
    return { ok: false, error };
  }
}

function settledBefore({ settledAs }: FunctionsHandle): QueueError {
  return new QueueError("ALREADY_SETTLED", {
    what: `the message is already ${settledAs}`,
    provider: PROVIDER,
  });
}
