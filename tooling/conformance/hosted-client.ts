import type { CreatedQueue } from "@anyqueue/conformance";
import type {
  ConsumerOptions,
  DrainReport,
  Handler,
  QueueClient,
  QueueConsumer,
  Source,
} from "@anyqueue/core";

/** A function and what calls it, in the place of a consumer. */
export interface HostedConsumer {
  run(handler: Handler<unknown>): Promise<DrainReport>;
  close(): Promise<DrainReport>;
}

/** The client, with consumers that are functions; what is read by hand is read as ever. */
export function hostConsumers(
  client: QueueClient,
  queues: ReadonlyMap<string, CreatedQueue>,
  host: (definition: Source, options: ConsumerOptions, queue: CreatedQueue) => HostedConsumer,
): QueueClient {
  const hosts: HostedConsumer[] = [];
  const consumer = (definition: Source, options: ConsumerOptions = {}): QueueConsumer<never> => {
    const own = client.consumer(definition, options);
    const queue = queues.get(definition.name);
    if (definition.kind !== "queue" || queue === undefined) return own as QueueConsumer<never>;
    const hosted = host(definition, options, queue);
    hosts.push(hosted);
    return override(own, {
      run: async (handler: Handler<unknown>) => await hosted.run(handler),
      close: async () => await hosted.close(),
    }) as QueueConsumer<never>;
  };
  const close: QueueClient["close"] = async (options) => {
    await Promise.all(hosts.map(async (hosted) => await hosted.close()));
    return await client.close(options);
  };
  return override<QueueClient>(client, { consumer, close });
}

function override<Base extends object>(base: Base, members: Readonly<Record<string, unknown>>): Base {
  return new Proxy(base, {
    get: (target, name) => {
      const own: unknown = typeof name === "string" ? members[name] : undefined;
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
