import type { AdminDriver } from "../driver/admin-driver.ts";
import type { QueueAdapter } from "../driver/driver.ts";
import { QueueError, queueError } from "../errors/queue-error.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { schemeRemedy } from "./known-packages.ts";
import type { ConnectionUrl } from "./parse-url.ts";
import type { Provider } from "./provider.ts";

/** One adapter with what the client knows of it. */
export interface Connection {
  readonly provider: Provider;
  readonly adapter: QueueAdapter;
  readonly clock: Clock;
  /** Loaded at the first call. @throws UNSUPPORTED if the provider has none. */
  admin(): Promise<AdminDriver>;
}

/** Opens one adapter for each distinct URL, and closes them all. */
export class Connections {
  readonly #providers: readonly Provider[];
  readonly #clock: Clock | undefined;
  readonly #prefix: string;
  readonly #open = new Map<string, Connection>();
  readonly #admins: AdminDriver[] = [];

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

  /** Closes everything, whatever fails; resolves with what failed. */
  async close(): Promise<readonly unknown[]> {
    const adapters = [...this.#open.values()].map(({ adapter }) => adapter);
    const results = [
      ...(await Promise.allSettled(this.#admins.map(async (admin) => await admin.close()))),
      ...(await Promise.allSettled(adapters.map(async (adapter) => await adapter.close()))),
    ];
    return results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  }

  #connect(url: ConnectionUrl): Connection {
    const provider = this.provider(url);
    const clock = this.#clock ?? provider.clock ?? systemClock;
    const adapter = provider.connect(url, { clock, prefix: this.#prefix });
    let admin: Promise<AdminDriver> | undefined;
    const load = async (): Promise<AdminDriver> => {
      const driver = await loadAdmin(adapter);
      this.#admins.push(driver);
      return driver;
    };
    return { provider, adapter, clock, admin: async () => await (admin ??= load()) };
  }
}

async function loadAdmin(adapter: QueueAdapter): Promise<AdminDriver> {
  if (adapter.admin !== undefined) return await adapter.admin();
  const remedy = "Create and inspect its entities with the provider's own tools.";
  throw queueError(
    "UNSUPPORTED",
    { what: `${adapter.name} has no administration`, remedy, operation: "admin", provider: adapter.name },
    { feature: "admin", remedy },
  );
}

/** Two URLs with the same parameters in another order are one connection. */
function keyOf({ scheme, authority, path, parameters }: ConnectionUrl): string {
  const sorted = Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([scheme, authority, path, sorted]);
}
