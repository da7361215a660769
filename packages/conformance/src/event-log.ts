import type { EventListener, QueueEvents } from "@anyqueue/core";

export type EventName = keyof QueueEvents;

/** One event of one client. */
export interface ReportedEvent {
  readonly name: EventName;
  readonly event: QueueEvents[EventName];
}

/** Keeps the events of a case's clients. */
export class EventLog {
  readonly #events: ReportedEvent[] = [];

  of(name: EventName): readonly ReportedEvent[] {
    return this.#events.filter((reported) => reported.name === name);
  }

  /** A listener for the options of a client. */
  listener(): EventListener {
    const keep =
      (name: EventName) =>
      (event: QueueEvents[EventName]): void =>
        void this.#events.push({ name, event });
    return {
      "send-retry": keep("send-retry"),
      "receive-error": keep("receive-error"),
      handled: keep("handled"),
      "dead-lettered": keep("dead-lettered"),
      "dead-letter-failed": keep("dead-letter-failed"),
      "lease-lost": keep("lease-lost"),
      "late-result": keep("late-result"),
      "settle-failed": keep("settle-failed"),
      "redelivery-acked": keep("redelivery-acked"),
      expired: keep("expired"),
      emulated: keep("emulated"),
      notice: keep("notice"),
      state: keep("state"),
      "listener-error": keep("listener-error"),
    };
  }
}
