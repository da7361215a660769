import type { ConsumerDriver, Flow } from "@anyqueue/core/adapter";

/** A driver whose flow and settlements under way are seen: `underWay` gets how many begin or, negative, end. */
export function watchedDriver<Handle>(
  driver: ConsumerDriver<Handle>,
  allow: (flow: Flow) => void,
  underWay: (change: number) => void,
): ConsumerDriver<Handle> {
  const settling = async <Result>(count: number, work: Promise<Result>): Promise<Result> => {
    underWay(count);
    return await work.finally(() => underWay(-count));
  };
  const watched: Pick<ConsumerDriver<Handle>, "setFlow" | "ackBatch" | "releaseBatch"> = {
    setFlow: async (flow, signal) => {
      allow(flow);
      await driver.setFlow?.(flow, signal);
    },
    ackBatch: async (handles, signal) => await settling(handles.length, driver.ackBatch(handles, signal)),
    releaseBatch: async (items, signal) => await settling(items.length, driver.releaseBatch(items, signal)),
  };
  return new Proxy(driver, {
    get: (of, name) => {
      if (name in watched) return Reflect.get(watched, name);
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === "function" ? value.bind(of) : value;
    },
  });
}
