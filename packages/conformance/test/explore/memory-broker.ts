import type { Provider, QueueAdapter } from "@anyqueue/core/adapter";
import { memory } from "@anyqueue/memory";
import type { ExplorableBroker } from "../../src/explore/explore-seed.ts";

/** A separate queue in memory for each run, in an order that the seed decides, with a wrapped adapter. */
export function memoryBroker(
  wrap: (adapter: QueueAdapter) => QueueAdapter = (adapter) => adapter,
): ExplorableBroker {
  return (clock, seed) => {
    const sound = memory({ clock, seed });
    const provider: Provider = { ...sound, connect: (url, context) => wrap(sound.connect(url, context)) };
    return { url: "memory:", provider };
  };
}
