import type { AdminDriver } from "../driver/admin-driver.ts";
import type { QueueAdapter } from "../driver/driver.ts";
import { QueueError, unsupported } from "../errors/queue-error.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { schemeRemedy } from "./known-packages.ts";
import type { ConnectionUrl } from "./parse-url.ts";
import type { Provider } from "./provider.ts";

/** One adapter with what the client knows about it. */
export interface Connection {
  readonly provider: Provider;
  readonly adapter: QueueAdapter;
  readonly clock: Clock;
  /** Returns the administration, loaded at the first call. @throws UNSUPPORTED if the provider has none. */
  admin(): Promise<AdminDriver>;
  /** Closes the administration, even if it is still being loaded. */
  closeAdmin(): Promise<void>;
}

/** Opens one adapter for each distinct URL, and closes them all. */
export class Connections {
  readonly #providers: readonly Provider[];
  readonly #clock: Clock | undefined;
  readonly #prefix: string;
  readonly #open = new Map<string, Connection>();

  constructor(providers: readonly Provider[], clock: Clock | undefined, prefix = "") {
    this.#providers = providers;
    this.#clock = clock;
    this.#prefix = prefix;
  }

  /** @throws INVALID_ARGUMENT for a scheme that no provider serves, or a URL that its provider refuses. */
  get(url: ConnectionUrl): Connection {
    const key = keyOf(url);
    let connection = this.#open.get(key);
    if (connection === undefined) {
      connection = this.#connect(url);
      this.#open.set(key, connection);
    }
    return connection;
  }

  /** @throws INVALID_ARGUMENT naming the package to install. */
  provider(url: ConnectionUrl): Provider {
    const provider = this.#providers.find(({ scheme }) => scheme === url.scheme);
    if (provider !== undefined) return provider;
    const given = this.#providers.map(({ scheme }) => scheme);
    throw new QueueError("INVALID_ARGUMENT", {
      what: `no provider for ${url.text}; given: ${given.join(", ") || "none"}`,
      remedy: schemeRemedy(url.scheme, given),
    });
  }

  ownsPath(scheme: string): boolean {
    return this.#providers.some((provider) => provider.scheme === scheme && provider.ownsPath === true);
  }

  /** Closes everything, whatever fails. Never rejects. */
  async close(onError: (error: unknown) => void): Promise<void> {
    const end = async (close: () => Promise<void>): Promise<void> => {
      try {
        await close();
      } catch (error) {
        onError(error);
      }
    };
    await Promise.all(
      [...this.#open.values()].map(async ({ adapter, closeAdmin }) => {
        await end(closeAdmin);
        await end(async () => await adapter.close());
      }),
    );
  }

  #connect(url: ConnectionUrl): Connection {
    const provider = this.provider(url);
    const clock = this.#clock ?? provider.clock ?? systemClock;
    const adapter = provider.connect(url, { clock, prefix: this.#prefix });
    let loading: Promise<AdminDriver> | undefined;
    const admin = async (): Promise<AdminDriver> =>
      await (loading ??= loadAdmin(adapter).catch((error: unknown) => {
        loading = undefined; // the next call tries again
        throw error;
      }));
    const closeAdmin = async (): Promise<void> => {
      const driver = await loading?.catch(() => undefined); // a failed load was already reported
      await driver?.close();
    };
    return { provider, adapter, clock, admin, closeAdmin };
  }
}

async function loadAdmin(adapter: QueueAdapter): Promise<AdminDriver> {
  if (adapter.admin !== undefined) return await adapter.admin();
  throw unsupported("admin", {
    what: `${adapter.name} has no administration`,
    remedy: "Create and inspect its entities with the provider's own tools.",
    operation: "admin",
    provider: adapter.name,
  });
}

/** Gives URLs that differ only in the order of their parameters the same key, and so one connection. */
function keyOf({ scheme, authority, path, parameters }: ConnectionUrl): string {
  const sorted = Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([scheme, authority, path, sorted]);
}
