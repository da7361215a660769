import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSessionReceiver,
} from "@azure/service-bus";

/** One message that the host has locked while a function runs. */
export class HeldMessage {
  readonly message: ServiceBusReceivedMessage;
  readonly #receiver: ServiceBusReceiver;
  isSettled = false;
  /** True once the function has asked for the end of its session. */
  isSessionReleased = false;

  constructor(message: ServiceBusReceivedMessage, receiver: ServiceBusReceiver) {
    this.message = message;
    this.#receiver = receiver;
  }

  get lockToken(): string {
    return this.message.lockToken ?? "";
  }

  get sessionId(): string | undefined {
    return "sessionId" in this.#receiver ? this.message.sessionId : undefined;
  }

  async complete(): Promise<void> {
    await inTurn(this.#receiver, () => this.#receiver.completeMessage(this.message));
    this.isSettled = true;
  }

  async abandon(properties?: Record<string, string>): Promise<void> {
    await inTurn(this.#receiver, () => this.#receiver.abandonMessage(this.message, properties));
    this.isSettled = true;
  }

  async deadLetter(
    properties: Record<string, string> | undefined,
    {
      reason,
      description,
    }: { readonly reason?: string | undefined; readonly description?: string | undefined },
  ): Promise<void> {
    const options = {
      ...properties,
      deadLetterReason: reason ?? "",
      deadLetterErrorDescription: description ?? "",
    };
    await inTurn(this.#receiver, () => this.#receiver.deadLetterMessage(this.message, options));
    this.isSettled = true;
  }

  async defer(properties?: Record<string, string>): Promise<void> {
    await inTurn(this.#receiver, () => this.#receiver.deferMessage(this.message, properties));
    this.isSettled = true;
  }

  async renewLock(): Promise<void> {
    await this.#receiver.renewMessageLock(this.message);
  }

  async renewSession(): Promise<Date> {
    return await (this.#receiver as ServiceBusSessionReceiver).renewSessionLock();
  }

  async setSessionState(state: Buffer): Promise<void> {
    await (this.#receiver as ServiceBusSessionReceiver).setSessionState(state);
  }

  releaseSession(): void {
    this.isSessionReleased = true;
  }
}

/** rhea 3.0.5 gives all messages settled in one tick the outcome of the first; .NET does not. */
async function inTurn(receiver: ServiceBusReceiver, work: () => Promise<void>): Promise<void> {
  const before = turns.get(receiver) ?? Promise.resolve();
  const turn = before.then(() => new Promise((resolve) => setImmediate(resolve)));
  turns.set(receiver, turn);
  await turn;
  await work();
}

const turns = new WeakMap<ServiceBusReceiver, Promise<unknown>>();
