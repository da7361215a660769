import type { Capabilities } from "../src/driver/capabilities.ts";
import type { AdminDriver, CreateOptions } from "../src/driver/admin-driver.ts";
import type { Delivery, OutgoingMessage } from "../src/driver/delivery.ts";
import type { ConsumerDriver, ItemResult, ProducerDriver, QueueAdapter } from "../src/driver/driver.ts";
import type { EntityFacts, Target } from "../src/driver/entity.ts";
import type { Limits } from "../src/driver/limits.ts";
import { checkConfig } from "../src/client/config.ts";
import { Connections } from "../src/client/connections.ts";
import { Directory } from "../src/client/directory.ts";
import type { Provider } from "../src/client/provider.ts";
import type { Clock } from "../src/time/clock.ts";
import { fakeAdapter, FakeServiceError, fakeTarget } from "./fake-adapter.ts";

export interface FakeServiceOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<Limits>;
  /** By entity name. If absent, the probe has no right and rejects. */
  readonly facts?: Readonly<Record<string, EntityFacts>>;
  /** The error of every probe. */
  readonly probeError?: Error;
  /** Capabilities as the probe corrects them. */
  readonly probed?: Partial<Capabilities>;
  /** The side of an entity whose `open` never settles, or `"admin"`: the administration never loads. */
  readonly hangs?: string;
  /** The error of opening a side of an entity, by `"<side> <entity>"`. */
  readonly openErrors?: Readonly<Record<string, Error>>;
  readonly hasAdmin?: boolean;
  /** Replaces parts of the administration. */
  readonly admin?: Partial<AdminDriver>;
  /** Replaces parts of every consumer. */
  readonly consumer?: Partial<ConsumerDriver<string>>;
  /** Replaces parts of every producer. */
  readonly producer?: Partial<ProducerDriver>;
  /** Replaces every probe. */
  readonly probe?: NonNullable<QueueAdapter["probe"]>;
  readonly canSeek?: boolean;
  readonly nativeRedrive?: boolean;
  /** What every creation leaves for somebody to do by hand. */
  readonly leftByCreate?: readonly string[];
  /** Sends of the message with this id fail. */
  readonly refusedId?: string;
  /** Sends to this entity fail as a whole. */
  readonly closedTo?: string;
  /** A receive with a wait ends before its answer comes. */
  readonly answersLate?: boolean;
}

export interface StoredMessage {
  readonly message: OutgoingMessage;
  readonly providerId: string;
  isHeld: boolean;
  /** Why the message cannot be read. */
  readonly malformed?: string | undefined;
}

/** A service in memory that keeps messages by entity name and logs its requests. */
export class FakeService {
  readonly log: string[] = [];
  readonly created = new Map<string, CreateOptions>();
  readonly #entities = new Map<string, StoredMessage[]>();
  readonly #options: FakeServiceOptions;
  #stored = 0;

  constructor(options: FakeServiceOptions = {}) {
    this.#options = options;
  }

  readonly provider: Provider<"fake"> = { scheme: "fake", connect: (url) => this.#connect(url.authority) };

  /** A directory of definitions like a client's, but without a client. */
  directory(config: object = {}, clock?: Clock): Directory {
    return new Directory(
      checkConfig({ url: "fake://here", ...config }),
      new Connections([this.provider], clock),
    );
  }

  put(entity: string, message: Partial<OutgoingMessage> & { readonly id: string }, malformed?: string): void {
    const defaults = {
      body: new TextEncoder().encode("{}"),
      contentType: "application/json",
      attributes: {},
    };
    this.messages(entity).push({
      message: { ...defaults, ...message },
      providerId: `p-${(this.#stored += 1)}`,
      isHeld: false,
      malformed,
    });
  }

  messages(entity: string): StoredMessage[] {
    const found = this.#entities.get(entity) ?? [];
    this.#entities.set(entity, found);
    return found;
  }

  ids(entity: string): readonly string[] {
    return this.messages(entity).map(({ message }) => message.id);
  }

  #connect(place: string): QueueAdapter<string> {
    this.log.push(`connect ${place}`);
    const { hasAdmin = true, facts = {}, capabilities = {}, limits = {} } = this.#options;
    return {
      ...fakeAdapter(),
      resolve: (ref) => fakeTarget(entityRef(ref), { capabilities, limits }),
      probe: async (target, signal) => {
        if (this.#options.probe !== undefined) return await this.#options.probe(target, signal);
        if (this.#options.probeError !== undefined) throw this.#options.probeError;
        const known = facts[target.entity];
        if (known === undefined) throw new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
        return { facts: known, capabilities: this.#options.probed ?? {} };
      },
      openProducer: (target) => this.#producer(target),
      openConsumer: (target) => this.#consumer(target),
      ...(hasAdmin && {
        admin: async () => {
          if (this.#options.hangs === "admin") await new Promise(() => {});
          return this.#admin();
        },
      }),
      close: async () => {
        this.log.push(`close ${place}`);
      },
    };
  }

  async #open(side: string, target: Target): Promise<void> {
    this.log.push(`open ${side} ${target.entity}`);
    const error = this.#options.openErrors?.[`${side} ${target.entity}`];
    if (error !== undefined) throw error;
    if (this.#options.hangs === `${side} ${target.entity}`) await new Promise(() => {});
  }

  #producer(target: Target): ProducerDriver {
    return {
      open: async () => await this.#open("producer", target),
      sizeOf: ({ body }) => body.byteLength,
      sendBatch: async (messages) => {
        this.log.push(`send ${target.entity} ${messages.map(({ id }) => id).join()}`);
        if (this.#options.closedTo === target.entity)
          throw new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
        return messages.map((message) => this.#store(target, message));
      },
      close: async () => {
        this.log.push(`close producer ${target.entity}`);
      },
      ...this.#options.producer,
    };
  }

  #store(target: Target, message: OutgoingMessage): ItemResult<object> {
    if (message.id === this.#options.refusedId) {
      return { ok: false, error: new FakeServiceError({ code: "MESSAGE_TOO_LARGE", retryable: false }) };
    }
    this.put(target.entity, message);
    return { ok: true, value: {} };
  }

  #consumer(target: Target): ConsumerDriver<string> {
    const stored = this.messages(target.entity);
    return {
      open: async () => await this.#open("consumer", target),
      receiveBatch: async ({ maxItems, waitMs }) => {
        if (this.#options.answersLate === true && waitMs > 0) return [];
        const taken = stored.filter(({ isHeld }) => !isHeld).slice(0, maxItems);
        for (const each of taken) each.isHeld = true;
        return taken.map(deliveryOf);
      },
      ackBatch: async (handles) => {
        this.log.push(`ack ${target.entity} ${handles.join()}`);
        for (const handle of handles)
          stored.splice(
            stored.findIndex(({ providerId }) => providerId === handle),
            1,
          );
        return handles.map(() => ({ ok: true, value: undefined }));
      },
      releaseBatch: async (items) => {
        this.log.push(`release ${target.entity} ${items.map(({ handle }) => handle).join()}`);
        for (const each of stored)
          if (items.some(({ handle }) => handle === each.providerId)) each.isHeld = false;
        return items.map(() => ({ ok: true, value: undefined }));
      },
      close: async () => {
        this.log.push(`close consumer ${target.entity}`);
      },
      ...this.#options.consumer,
    };
  }

  #admin(): AdminDriver {
    const { log, created } = this;
    return {
      create: async (target, options) => {
        log.push(`create ${target.entity}`);
        created.set(target.entity, options);
        this.messages(target.entity);
        return this.#options.leftByCreate;
      },
      inspect: async (target) => {
        const found = this.#entities.get(target.entity);
        if (found === undefined) throw new FakeServiceError({ code: "NOT_FOUND", retryable: false });
        return {
          ready: found.filter(({ isHeld }) => !isHeld).length,
          inFlight: found.filter(({ isHeld }) => isHeld).length,
          approximate: false,
        };
      },
      list: async (prefix) => [...this.#entities.keys()].filter((name) => name.startsWith(prefix)),
      purge: async (target) => {
        this.messages(target.entity).length = 0;
      },
      delete: async (target) => {
        log.push(`delete ${target.entity}`);
        this.#entities.delete(target.entity);
      },
      ...(this.#options.canSeek === true && {
        seek: async (target: Target, to: Date) => {
          log.push(`seek ${target.entity} to ${to.toISOString()}`);
          await Promise.resolve();
        },
      }),
      ...(this.#options.nativeRedrive === true && {
        redrive: async function* (from: Target, to: Target) {
          log.push(`native redrive ${from.entity} to ${to.entity}`);
          yield { moved: 7 };
        },
      }),
      close: async () => {
        log.push("close admin");
      },
      ...this.#options.admin,
    };
  }
}

/** The naming rules of this service: `<name>-dead`, `<topic>-<subscription>`. */
function entityRef(ref: Target["ref"]): Target["ref"] {
  if (ref.exact === true) return ref;
  const base = ref.topic === undefined ? ref.name : `${ref.topic}-${ref.name}`;
  return { ...ref, name: ref.kind === "dead-letter" ? `${base}-dead` : base };
}

function deliveryOf({ message, providerId, malformed }: StoredMessage): Delivery<string> {
  const { id, body, contentType, attributes, orderingKey } = message;
  return {
    handle: providerId,
    id,
    providerId,
    body,
    contentType,
    attributes,
    ...(orderingKey !== undefined && { orderingKey }),
    ...(malformed !== undefined && { malformed }),
    native: undefined,
  };
}
