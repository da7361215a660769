import { RESERVED, type ProducerDriver } from "@anyqueue/core/adapter";
import type { HistorySink } from "./history-writer.ts";

/** Records copies that go to the dead letters; changes nothing. The sends of an application are its own to record. */
export function recordingProducer(driver: ProducerDriver, sink: HistorySink): ProducerDriver {
  return new Proxy(driver, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => {
        if (name === "sendBatch") recordCopies(args as Parameters<ProducerDriver["sendBatch"]>, sink);
        return Reflect.apply(member, target, args);
      };
    },
  });
}

function recordCopies([messages]: Parameters<ProducerDriver["sendBatch"]>, sink: HistorySink): void {
  for (const { id, attributes } of messages)
    if (Object.hasOwn(attributes, RESERVED.deadReason))
      sink.write("copy.invoke", sink.operation(), { mid: id });
}
