import { setImmediate as nextTurn } from "node:timers/promises";
import type { Properties, SdkMessage, SdkReceiver } from "./app-packages-types.ts";

/** Why a message is dead-lettered. */
export interface DeadLetterTexts {
  readonly reason: string | undefined;
  readonly description: string | undefined;
}

/** A message that is locked while a function runs. */
export class HeldMessage {
  readonly message: SdkMessage;
  readonly #receiver: SdkReceiver;
  /** `abandoned` stays in the queue; undefined means not settled. */
  settledAs: "completed" | "abandoned" | "deferred" | "dead-lettered" | undefined;
  /** The function asked for its session to end. */
  isSessionReleased = false;

  constructor(message: SdkMessage, receiver: SdkReceiver) {
    this.message = message;
    this.#receiver = receiver;
  }

  get lockToken(): string {
    return this.message.lockToken ?? "";
  }

  get sessionId(): string | undefined {
    return this.#receiver.sessionId;
  }

  async complete(): Promise<void> {
    await this.#settle("completed", () => this.#receiver.completeMessage(this.message));
  }

  async abandon(properties?: Properties): Promise<void> {
    await this.#settle("abandoned", () => this.#receiver.abandonMessage(this.message, properties));
  }

  async defer(properties?: Properties): Promise<void> {
    await this.#settle("deferred", () => this.#receiver.deferMessage(this.message, properties));
  }

  async deadLetter(properties: Properties, { reason, description }: DeadLetterTexts): Promise<void> {
    const texts = { deadLetterReason: reason ?? "", deadLetterErrorDescription: description ?? "" };
    await this.#settle("dead-lettered", () =>
      this.#receiver.deadLetterMessage(this.message, { ...properties, ...texts }),
    );
  }

  /** Renews the session's lock if there is a session, else the message's. */
  async renewLock(): Promise<Date> {
    return (
      (await this.#receiver.renewSessionLock?.()) ?? (await this.#receiver.renewMessageLock(this.message))
    );
  }

  async setSessionState(state: Uint8Array): Promise<void> {
    await this.#receiver.setSessionState?.(Buffer.from(state));
  }

  async sessionState(): Promise<unknown> {
    return await this.#receiver.getSessionState?.();
  }

  async #settle(as: NonNullable<HeldMessage["settledAs"]>, work: () => Promise<void>): Promise<void> {
    // rhea 3.0.5 gives all messages settled in one tick the outcome of the first; .NET does not.
    const turn = (turns.get(this.#receiver) ?? Promise.resolve()).then(async () => await nextTurn());
    turns.set(this.#receiver, turn);
    await turn;
    await work();
    this.settledAs = as;
  }
}

const turns = new WeakMap<SdkReceiver, Promise<unknown>>();
