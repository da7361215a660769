import type { Message } from "@anyqueue/core";
import { amqpMapOf } from "./amqp-map.ts";
import { isSettled } from "./functions-settling.ts";
import type { FunctionsHandle } from "./functions-wire.ts";
import { invalid, unsupported } from "./refusal.ts";

/** What a handler can do beside returning and throwing, with the SDK binding of Azure Functions. */
export interface FunctionsActions {
  /**
   * Sets the message aside: it stays in its queue, and can only be received by the sequence number that this
   * resolves with. Keep that number, then return: the message counts as handled. `properties` are added to
   * its attributes.
   * @throws INVALID_ARGUMENT if the message is already settled, or the host did not pass its number
   */
  defer(properties?: Readonly<Record<string, string>>): Promise<string>;
  /**
   * Keeps bytes with the message's session, for its next owner. Throws INVALID_ARGUMENT if the message has no
   * session.
   */
  setSessionState(state: Uint8Array): Promise<void>;
  /**
   * Lets other processes have the message's session once the function has ended. Throws INVALID_ARGUMENT if
   * the message has no session.
   */
  releaseSession(): Promise<void>;
}

/** Keyed by `message.native`, which only the event source makes. */
const handles = new WeakMap<object, FunctionsHandle>();

/** Makes the actions of a delivery available to `functionsActions`. */
export function rememberActions(handle: FunctionsHandle): void {
  handles.set(handle.native, handle);
}

/**
 * Returns the actions for a handler's message that came through `functionsEvents()` and the SDK binding.
 *
 * @example
 * const onOrder: Handler<Order> = async (message) => {
 *   const sequenceNumber = await functionsActions(message).defer();
 *   console.log(`${message.body.orderId} waits as ${sequenceNumber}`);
 * };
 *
 * @throws INVALID_ARGUMENT for any other message, UNSUPPORTED with the default binding
 */
export function functionsActions(message: Pick<Message<unknown>, "native">): FunctionsActions {
  const handle =
    typeof message.native === "object" && message.native !== null ? handles.get(message.native) : undefined;
  if (handle === undefined) {
    throw invalid(
      "the message did not come through functionsEvents()",
      "Call it with the handler's own message.",
    );
  }
  const { sdk } = handle;
  if (sdk === undefined) {
    throw unsupported(
      "functionsActions",
      "the default binding of Azure Functions settles by the function's end alone",
      "Register the trigger with sdkBinding: true and autoCompleteMessages: false, and import @azure/functions-extensions-servicebus.",
    );
  }
  const sessionOf = (): string => {
    if (handle.sessionId !== undefined) return handle.sessionId;
    throw invalid(
      "the message has no session",
      "Use a queue with sessions, and isSessionsEnabled at the trigger.",
    );
  };
  return {
    defer: (properties = {}) => defer(handle, sdk, properties),
    setSessionState: (state) => sdk.actions.setSessionState(sessionOf(), state),
    releaseSession: () => sdk.actions.releaseSession(sessionOf()),
  };
}

async function defer(
  handle: FunctionsHandle,
  { message, actions }: NonNullable<FunctionsHandle["sdk"]>,
  properties: Readonly<Record<string, string>>,
): Promise<string> {
  const { sequenceNumber } = handle;
  if (sequenceNumber === undefined) {
    const remedy = "Without it nobody could ever receive the message again, so it is not deferred.";
    throw invalid("the host did not pass the message's sequence number", remedy);
  }
  if (isSettled(handle))
    throw invalid(`the message is already ${handle.settledAs}`, "Defer it once, before the handler ends.");
  await actions.defer(message, amqpMapOf(properties));
  handle.settledAs = "deferred";
  return sequenceNumber;
}
