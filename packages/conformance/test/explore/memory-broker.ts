import type { Provider, QueueAdapter } from "@anyqueue/core/adapter";
import { memory } from "@anyqueue/memory";
import type { ExplorableBroker } from "../../src/explore/explore-seed.ts";

/** A queue in memory of its own for each run, in an order that the seed decides, with something between it and the run. */
export function memoryBroker(
  wrap: (adapter: QueueAdapter) => QueueAdapter = (adapter) => adapter,
): ExplorableBroker {
  return (clock, seed) => {
    const sound = memory({ clock, seed });
    const provider: Provider = { ...sound, connect: (url, context) => wrap(sound.connect(url, context)) };
    return { url: "memory:", provider };
  };
}
