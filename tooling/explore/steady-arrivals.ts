import type { ConsumerDriver, Delivery, QueueAdapter } from "@anyqueue/core/adapter";

/**
 * Makes every delivery of a message tell the same time of arrival, as a service does. Over an emulator it is
 * computed from three clocks that do not move at once (those of the clients, the service and the machine), so it
 * would differ by some milliseconds, and a later arrival means another message (`SettledMemory`).
 */
export function steadyArrivals(): (adapter: QueueAdapter) => QueueAdapter {
  const arrivals = new Map<string, number>();
  const steady = (delivery: Delivery<unknown>): Delivery<unknown> => {
    const { providerId, enqueuedAtMs } = delivery;
    if (enqueuedAtMs === undefined) return delivery;
    const value = arrivals.get(providerId) ?? enqueuedAtMs;
    arrivals.set(providerId, value);
    return Object.defineProperty(delivery, "enqueuedAtMs", { value, enumerable: true });
  };
  return (adapter) =>
    changed(adapter, {
      openConsumer(target, options) {
        const driver = adapter.openConsumer(target, options);
        const receiveBatch: ConsumerDriver<unknown>["receiveBatch"] = async (ask, signal) =>
          (await driver.receiveBatch(ask, signal)).map((delivery) => steady(delivery));
        return changed(driver, { receiveBatch });
      },
    });
}

/** The same object with some members replaced. Its own methods still see the object itself. */
function changed<Whole extends object>(whole: Whole, parts: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name): unknown {
      if (Object.hasOwn(parts, name)) return Reflect.get(parts, name);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
