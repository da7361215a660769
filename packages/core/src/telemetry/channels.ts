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
    this.#tell(this.#listeners, name, event, (error, thrower) => {
      const isReport = name === "listener-error";
      const heard = isReport ? this.#listeners.filter((one) => one !== thrower) : this.#listeners;
      // What is thrown here is dropped: reporting it once more would never end.
      this.#tell(heard, "listener-error", { event: name, error }, drop);
    });
  }

  isActive(name: EventName): boolean {
    if (this.#channel(name).hasSubscribers) return true;
    return this.#counting.length > 0 && this.#counting.some((listener) => listener[name] !== undefined);
  }

  #tell<Name extends EventName>(
    listeners: readonly EventListener[],
    name: Name,
    event: QueueEvents[Name],
    onError: (error: unknown, thrower: EventListener) => void,
  ): void {
    const channel = this.#channel(name);
    if (channel.hasSubscribers) channel.publish(event);
    for (const listener of listeners) {
      try {
        const returned: unknown = listener[name]?.(event);
        // Nobody else handles the promise of a listener, and its rejection would end the process.
        if (returned instanceof Promise) returned.catch((error: unknown) => onError(error, listener));
      } catch (error) {
        onError(error, listener);
      }
    }
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
