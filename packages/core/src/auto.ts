import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { checkConfig, CONFIG_KEYS, type QueueConfig } from "./client/config.ts";
import type { ClientOptions, QueueClient } from "./client/client-types.ts";
import { KNOWN_PACKAGES, schemeRemedy, type KnownPackage } from "./client/known-packages.ts";
import { locateIn, type Location } from "./client/locate.ts";
import type { Provider } from "./client/provider.ts";
import { isRecord, kindOf, unknownKeys } from "./errors/check-options.ts";
import { queueError, QueueError } from "./errors/queue-error.ts";
import { whatOf } from "./errors/wrap-error.ts";
import { suggest } from "./errors/suggest.ts";
import { createClient } from "./index.ts";
import type { AnyDefinition } from "./message/queue-definition.ts";

export type { QueueConfig } from "./client/config.ts";
export type { Location } from "./client/locate.ts";

/** Where {@link loadConfig} looks for the configuration. */
export interface LoadOptions {
  /** The environment variables. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The directory of the file; `file` is relative to it. @default the working directory */
  readonly directory?: string | undefined;
  /** A file that must exist, relative to `directory`. @default "anyqueue.config.json", if it exists */
  readonly file?: string | undefined;
}

type Environment = NonNullable<LoadOptions["env"]>;

/**
 * Makes a client from configuration alone, so that the same program runs on any provider. Reads the
 * configuration with {@link loadConfig} if none is given, and imports the packages that its URLs name (`sqs:`
 * is `@anyqueue/sqs`). Credentials come from where each SDK looks for them, and from
 * `ANYQUEUE_SERVICE_BUS_CONNECTION_STRING`. Without a list of providers the compiler cannot check `needs`;
 * they are checked when a producer or consumer is made.
 *
 * @example
 * const client = await connect(); // ANYQUEUE_URL=sqs://eu-west-1
 * await client.producer(orders).send({ orderId: "o-1" });
 *
 * @throws INVALID_ARGUMENT listing every problem of configuration and options, or naming the package to
 * install
 */
export async function connect(
  config?: string | QueueConfig,
  options: ClientOptions = {},
): Promise<QueueClient> {
  const given = config ?? (await loadConfig());
  return createClient(given, await providersOf(given), options);
}

/**
 * Returns where `connect(config)` finds a definition's messages: the connection, the entity, and its
 * capabilities. For tools that have to name the entity themselves. Sends no request to the broker.
 * @throws INVALID_ARGUMENT listing every problem, or naming the package to install; UNSUPPORTED for a kind of
 * entity that the provider lacks
 */
export async function locate(definition: AnyDefinition, config?: string | QueueConfig): Promise<Location> {
  const given = config ?? (await loadConfig());
  return await locateIn(definition, given, await providersOf(given));
}

/**
 * Reads the configuration from the environment and the file. Precedence, highest first: `ANYQUEUE_<NAME>_URL`
 * for one queue, `ANYQUEUE_URL` and `ANYQUEUE_PREFIX`, `environments[ANYQUEUE_ENV]` of the file, the file
 * itself. An empty variable counts as not set.
 *
 * @example
 * const client = createClient(await loadConfig(), [sqs(), memory()]);
 *
 * @throws INVALID_ARGUMENT listing every problem of the environment and the file
 */
export async function loadConfig(options: LoadOptions = {}): Promise<QueueConfig> {
  const env = options.env ?? process.env;
  const path = resolve(options.directory ?? ".", options.file ?? FILE_NAME);
  const problems: string[] = [];
  const file = await readConfigFile(path, options.file !== undefined, problems);
  const merged: Readonly<Record<string, unknown>> = {
    ...mergeEnvironment(file, env["ANYQUEUE_ENV"] ?? "", path, problems),
    ...nonEmpty({ url: env["ANYQUEUE_URL"], prefix: env["ANYQUEUE_PREFIX"] }),
    variables: entityUrls(env),
  };
  if (merged["url"] === undefined && problems.length === 0) {
    const what = `no connection is configured: neither ANYQUEUE_URL nor url in ${path}`;
    const remedy = 'Set ANYQUEUE_URL, for example to "memory:" or "sqs://eu-west-1".';
    throw queueError("INVALID_ARGUMENT", { what, remedy }, { feature: "connection" });
  }
  return checked(merged, env, path, problems);
}

/** Imports the provider of every connection that the configuration names. */
async function providersOf(config: string | QueueConfig): Promise<readonly Provider[]> {
  const { url, queues, variables } = checkConfig(config);
  const urls = [url, ...[...queues.values()].map((entity) => entity.url), ...variables.values()];
  const schemes = new Set(urls.flatMap((each) => (each === undefined ? [] : [each.scheme])));
  return await Promise.all([...schemes].map(importProvider));
}

const FILE_NAME = "anyqueue.config.json";
/** Some editors start a file with a byte order mark, which JSON does not allow. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/** Also runs the checks of `createClient`: one error lists the problems of file, environment and values. */
function checked(
  merged: Readonly<Record<string, unknown>>,
  env: Environment,
  path: string,
  problems: readonly string[],
): QueueConfig {
  let found = problems;
  try {
    checkConfig(merged);
  } catch (error) {
    if (!(error instanceof QueueError)) throw error;
    const isMissingUrl = merged["url"] === undefined && problems.length > 0;
    if (!isMissingUrl) found = [...problems, named(whatOf(error), env, path)];
  }
  if (found.length === 0) return merged as unknown as QueueConfig; // checkConfig accepted it
  throw new QueueError("INVALID_ARGUMENT", {
    what: found.join("; "),
    remedy: "Correct the configuration; every problem found is listed.",
  });
}

/** Names the values of the environment by their variables, and those of the file by its path. */
function named(what: string, env: Environment, path: string): string {
  return what.replaceAll(/(^|; )config(?:\.(\w+))?/g, (_, before: string, key = "") => {
    const variable = `ANYQUEUE_${key.toUpperCase()}`;
    const isSet = /^(?:url|prefix)$/.test(key) && (env[variable] ?? "") !== "";
    return before + (isSet ? variable : key === "" ? path : `${path}: ${key}`);
  });
}

async function readConfigFile(
  path: string,
  isRequired: boolean,
  problems: string[],
): Promise<Readonly<Record<string, unknown>>> {
  const source = await readIfThere(path, isRequired, problems);
  if (source === undefined) return {};
  try {
    const { $schema: _, ...file } = asRecord(JSON.parse(source.replace(BYTE_ORDER_MARK, "")), path, problems);
    problems.push(
      ...unknownKeys(file, [...CONFIG_KEYS.filter((key) => key !== "variables"), "environments"], path),
    );
    return file;
  } catch (error) {
    // Report only the position: V8's message quotes the text around it, which may hold a secret.
    const position = /\(line \d+ column \d+\)/.exec(String(error))?.[0] ?? "";
    problems.push(`${path}: not valid JSON ${position}`.trimEnd());
    return {};
  }
}

async function readIfThere(
  path: string,
  isRequired: boolean,
  problems: string[],
): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    if (code !== "ENOENT" || isRequired) problems.push(`${path}: cannot be read (${code})`);
    return undefined;
  }
}

/** Applies `environments.<name>` over the file. Its queues replace the file's queues of the same name. */
function mergeEnvironment(
  { environments, ...base }: Readonly<Record<string, unknown>>,
  name: string,
  path: string,
  problems: string[],
): Readonly<Record<string, unknown>> {
  if (environments === undefined) return base;
  const all = asRecord(environments, `${path}: environments`, problems);
  for (const [key, each] of Object.entries(all)) {
    const where = `${path}: environments.${key}`;
    problems.push(...unknownKeys(asRecord(each, where, problems), ["url", "prefix", "queues"], where));
  }
  if (name === "") return base;
  if (!Object.hasOwn(all, name)) {
    const meant = suggest(name, Object.keys(all));
    const hint =
      meant === undefined ? `known: ${Object.keys(all).join(", ") || "none"}` : `did you mean "${meant}"?`;
    problems.push(`ANYQUEUE_ENV: no environment ${JSON.stringify(name)} in ${path} (${hint})`);
    return base;
  }
  const chosen = isRecord(all[name]) ? all[name] : {};
  const queues = [base["queues"], chosen["queues"]].filter((each) => each !== undefined);
  if (queues.length === 0) return { ...base, ...chosen };
  // A value that is not an object is kept, so that `checkConfig` refuses it with the other problems.
  const misfit = queues.find((each) => !isRecord(each));
  return { ...base, ...chosen, queues: misfit ?? Object.assign({}, ...queues) };
}

/** The variables like `ANYQUEUE_ORDERS_URL`; `ANYQUEUE_URL` itself does not match. */
function entityUrls(env: Environment): Readonly<Record<string, string>> {
  return nonEmpty(Object.fromEntries(Object.entries(env).filter(([key]) => /^ANYQUEUE_.+_URL$/.test(key))));
}

/** Drops empty variables: many deployment files can leave a variable unset only by making it empty. */
function nonEmpty(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
    ),
  );
}

function asRecord(value: unknown, where: string, problems: string[]): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  problems.push(`${where}: expected an object, got ${kindOf(value)}`);
  return {};
}

async function importProvider(scheme: string): Promise<Provider> {
  const known = Object.hasOwn(KNOWN_PACKAGES, scheme) ? KNOWN_PACKAGES[scheme] : undefined;
  const loaded = known === undefined ? undefined : await importPackage(known.name);
  const factory: unknown = loaded === undefined ? undefined : loaded[known?.factory ?? ""];
  if (typeof factory === "function") return factory(fromEnvironment(known)) as Provider; // our own packages keep this contract
  throw new QueueError(
    "INVALID_ARGUMENT",
    known === undefined
      ? { what: `no package is known for "${scheme}:"`, remedy: schemeRemedy(scheme, []) }
      : { what: `${known.name} is not installed`, remedy: `Run \`npm install ${known.install}\`.` },
  );
}

/** Returns undefined if no variable is set; the provider then finds its credentials itself. */
function fromEnvironment(known: KnownPackage | undefined): Readonly<Record<string, string>> | undefined {
  const variables = Object.entries(known?.environment ?? {});
  const set = nonEmpty(Object.fromEntries(variables.map(([option, name]) => [option, process.env[name]])));
  return Object.keys(set).length === 0 ? undefined : set;
}

/**
 * Looks from this package first, then from the working directory. Strict package managers let a package see
 * only its own dependencies, so that the application may have a package that this one cannot see.
 */
async function importPackage(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  for (const locate of [() => name, () => fromWorkingDirectory(name)]) {
    try {
      // The directives leave this import to Node.js: bundlers would look for it among their own files.
      return (await import(/* webpackIgnore: true */ /* @vite-ignore */ locate())) as Readonly<
        Record<string, unknown>
      >;
    } catch (error) {
      if (!isMissing(error, name)) throw error;
    }
  }
  return undefined;
}

function fromWorkingDirectory(name: string): string {
  // Not imported: webpack would try to bundle what an imported `createRequire` loads.
  const { createRequire } = process.getBuiltinModule("node:module");
  return pathToFileURL(createRequire(join(process.cwd(), "package.json")).resolve(name)).href;
}

/** True if the package itself is missing, not one of its own imports. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  const isNotFound = error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND";
  return isNotFound && error.message.includes(`'${name}'`);
}
