import type { LinkHandle, LinkWatcher } from "./contract.ts";
import type { EngineError } from "./engine-error.ts";

/** The links that send to one entity. They only need to know when it is gone. */
export class SenderLinks {
  readonly #watchers = new Set<LinkWatcher>();

  attach(watcher: LinkWatcher): LinkHandle {
    this.#watchers.add(watcher);
    return {
      close: () => {
        this.#watchers.delete(watcher);
      },
    };
  }

  end(error: EngineError): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher.end(error);
  }
}
