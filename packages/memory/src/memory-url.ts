import { queueError, readParameters, type ConnectionUrl } from "@anyqueue/core/adapter";

/** The content of a URL such as `memory:` or `memory://tests?create=explicit&seed=7`. */
export interface MemoryConnection {
  /** Tells the engines of one provider apart. */
  readonly authority: string;
  readonly create: "auto" | "explicit" | undefined;
  readonly seed: number | undefined;
}

/** @throws INVALID_ARGUMENT */
export function parseMemoryUrl(url: ConnectionUrl): MemoryConnection {
  const { create, seed } = readParameters(url, ["create", "seed"]);
  if (url.path !== "" && url.path !== "/") refuse(`${url.text}: a memory URL has no path`);
  return {
    authority: url.authority,
    create: checkedCreate(create, url.text),
    seed: seed === undefined ? undefined : checkedSeed(/^\d+$/.test(seed) ? Number(seed) : seed, url.text),
  };
}

/** @throws INVALID_ARGUMENT */
export function checkedCreate(value: unknown, where: string): "auto" | "explicit" | undefined {
  if (value === undefined || value === "auto" || value === "explicit") return value;
  return refuse(`${where}: create: expected "auto" or "explicit", got ${shown(value)}`);
}

/** @throws INVALID_ARGUMENT */
export function checkedSeed(value: unknown, where: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32) return value;
  return refuse(`${where}: seed: expected a whole number from 0 to 4294967295, got ${shown(value)}`);
}

function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? JSON.stringify(value) : typeof value;
}

function refuse(what: string): never {
  throw queueError("INVALID_ARGUMENT", {
    what,
    remedy: 'Write "memory:" or "memory://<name>?create=auto|explicit&seed=<number>".',
    provider: "memory",
  });
}
