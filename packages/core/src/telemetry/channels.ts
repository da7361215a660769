import type { Channel } from "node:diagnostics_channel";
import type { EventListener, EventName, EventSink, QueueEvents } from "./events.ts";

/**
 * Publishes every event on the diagnostics channel `anyqueue:<name>` and to the listeners.
 * `log`: one more listener. It takes nothing that goes well, so that no event is built for it per message.
 */
export function createEventSink(listeners: readonly EventListener[], log?: EventListener): EventSink {
  return new ChannelSink(listeners, log);
}

class ChannelSink implements EventSink {
  /** Listeners of the application. The events that they take of every message are built for them. */
  readonly #counting: readonly EventListener[];
  readonly #listeners: readonly EventListener[];
  readonly #channels = new Map<EventName, Channel>();

  constructor(listeners: readonly EventListener[], log?: EventListener) {
    this.#counting = listeners;
    this.#listeners = log === undefined ? listeners : [...listeners, log];
  }

  emit<Name extends EventName>(name: Name, event: QueueEvents[Name]): void {
    this.#publish(name, event);
    for (const listener of this.#listeners) {
      try {
        const returned: unknown = listener[name]?.(event);
        if (returned instanceof Promise) this.#contain(returned, name, listener);
      } catch (error) {
        this.#reportListenerError(name, error, listener);
      }
    }
  }

  isActive(name: EventName): boolean {
    if (this.#channel(name).hasSubscribers) return true;
    return this.#counting.length > 0 && this.#counting.some((listener) => listener[name] !== undefined);
  }

  /** Handles the promise of a listener: nobody else does, and its rejection would end the process. */
  #contain(returned: Promise<unknown>, name: EventName, listener: EventListener): void {
    returned.catch((error: unknown) => {
      this.#reportListenerError(name, error, listener);
    });
  }

  /** Drops what is thrown here: reporting it once more would never end. */
  #reportListenerError(event: EventName, error: unknown, thrower: EventListener): void {
    const report = { event, error };
    this.#publish("listener-error", report);
    for (const listener of this.#listeners) {
      if (listener === thrower && event === "listener-error") continue;
      try {
        const returned: unknown = listener["listener-error"]?.(report);
        if (returned instanceof Promise) returned.catch(drop);
      } catch {
        continue;
      }
    }
  }

  #publish<Name extends EventName>(name: Name, event: QueueEvents[Name]): void {
    const target = this.#channel(name);
    if (target.hasSubscribers) target.publish(event);
  }

  #channel(name: EventName): Channel {
    let found = this.#channels.get(name);
    if (found === undefined) {
      found = process.getBuiltinModule("node:diagnostics_channel").channel(`anyqueue:${name}`);
      this.#channels.set(name, found);
    }
    return found;
  }
}

function drop(): void {}
