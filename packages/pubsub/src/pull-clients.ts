import type { v1 } from "@google-cloud/pubsub";
import { STREAMS_PER_CONNECTION } from "./pubsub-limits.ts";

/** One place on a connection. */
export interface PullClient {
  readonly client: v1.SubscriberClient;
  /** Frees the place for others. */
  release(): void;
}

interface Shared {
  readonly client: Promise<v1.SubscriberClient>;
  used: number;
}

/** Clients for pulls. A connection holds 100 streams; further ones would wait there unseen. */
export class PullClients {
  readonly #open: () => Promise<v1.SubscriberClient>;
  readonly #shared: Shared[] = [];

  constructor(open: () => Promise<v1.SubscriberClient>) {
    this.#open = open;
  }

  async acquire(): Promise<PullClient> {
    const shared = this.#shared.find(({ used }) => used < STREAMS_PER_CONNECTION) ?? this.#add();
    shared.used += 1;
    try {
      return {
        client: await shared.client,
        release: () => {
          shared.used -= 1;
        },
      };
    } catch (error) {
      const index = this.#shared.indexOf(shared);
      if (index !== -1) this.#shared.splice(index, 1);
      throw error;
    }
  }

  takeAll(): readonly Promise<v1.SubscriberClient>[] {
    return this.#shared.splice(0).map(({ client }) => client);
  }

  #add(): Shared {
    const shared = { client: this.#open(), used: 0 };
    this.#shared.push(shared);
    return shared;
  }
}
