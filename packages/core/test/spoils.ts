import type { Spoil, Spoiled } from "./spoiled-adapter.ts";

const mistake = (): TypeError => new TypeError("a mistake of the adapter");

/** Answers without doing anything. */
const gives =
  (value: unknown): Spoil =>
  async () =>
    await Promise.resolve(value);

/** As `gives`, but without a promise. */
const givesAtOnce =
  (value: unknown): Spoil =>
  () =>
    value;

const hangs: Spoil = async () => await new Promise(() => {});
const rejects: Spoil = async () => await Promise.reject(mistake());
const throws: Spoil = () => {
  throw mistake();
};

/** Takes effect, then changes the answer. */
export const changed =
  (change: (answer: readonly object[]) => unknown): Spoil =>
  async (right) =>
    change((await right()) as readonly object[]);

/** Takes effect, then changes each item of the answer. */
const each = (over: object): Spoil => changed((all) => all.map((one) => ({ ...one, ...over })));

/** Spoils the first calls only, so that what follows shows whether the engine has recovered. */
export function atFirst(spoil: Spoil, times = 3): Spoil {
  let calls = 0;
  return (right, args) => {
    calls += 1;
    return calls <= times ? spoil(right, args) : right();
  };
}

const ANSWERS: Readonly<Record<string, Spoil>> = {
  hangs,
  throws,
  rejects,
  "gives nothing": gives(undefined),
  "gives nothing at once": givesAtOnce(undefined),
  "gives an object": gives({}),
  "gives too few": changed((all) => all.slice(1)),
  "gives too many": changed((all) => [...all, ...all]),
  "gives holes": changed((all) => all.map(() => undefined)),
  "gives null for each": changed((all) => all.map(() => null)),
};

const RESULTS: Readonly<Record<string, Spoil>> = {
  ...ANSWERS,
  "gives results without ok": changed((all) => all.map(() => ({}))),
  "gives ok of another type": changed((all) => all.map(() => ({ ok: "yes" }))),
  "gives ok without a value": changed((all) => all.map(() => ({ ok: true }))),
};

const DELIVERIES: Readonly<Record<string, Spoil>> = {
  ...ANSWERS,
  "gives deliveries without providerId": each({ providerId: undefined }),
  "gives deliveries with an empty providerId": each({ providerId: "" }),
  "gives deliveries with a number as providerId": each({ providerId: 7 }),
  "gives deliveries without id": each({ id: undefined }),
  "gives deliveries without handle": each({ handle: undefined }),
  "gives deliveries without attributes": each({ attributes: undefined }),
  "gives deliveries without body": each({ body: undefined }),
  "gives deliveries with a lease of NaN": each({ leaseMs: Number.NaN }),
  "gives deliveries with a lease in words": each({ leaseMs: "30s" }),
  "gives deliveries with a negative lease": each({ leaseMs: -1 }),
  "gives deliveries counted in words": each({ deliveryCount: "first" }),
  "gives deliveries with a negative count": each({ deliveryCount: -3 }),
  "gives deliveries of an odd age": each({ enqueuedAtMs: -1, expiresAtMs: Number.NaN }),
};

const VALUES: Readonly<Record<string, Spoil>> = {
  hangs,
  throws,
  rejects,
  "gives nothing": givesAtOnce(undefined),
  "gives null": givesAtOnce(null),
  "gives an object": givesAtOnce({}),
  "gives NaN": givesAtOnce(Number.NaN),
  "gives -1": givesAtOnce(-1),
  "gives Infinity": givesAtOnce(Number.POSITIVE_INFINITY),
};

function of(
  method: string,
  spoils: Readonly<Record<string, Spoil>>,
): readonly (readonly [string, Spoiled])[] {
  return Object.entries(spoils).flatMap(([name, spoil]) => [
    [`${method} ${name}`, { spoils: { [method]: () => spoil } }] as const,
    [`${method} ${name} at first`, { spoils: { [method]: () => atFirst(spoil) } }] as const,
  ]);
}

const NO_COUNTS = { maxItems: 0, maxInFlight: 0, parallel: 0, maxBytes: 0, maxWaitMs: 0 };
const ODD_COUNTS = {
  maxItems: Number.NaN,
  maxInFlight: Number.NaN,
  parallel: Number.NaN,
  maxBytes: Number.NaN,
};

/** Every way of being wrong, by its name. The spoils of one connection are made by its functions. */
export const SPOILED: readonly (readonly [string, Spoiled])[] = [
  ...["sendBatch", "ackBatch", "releaseBatch", "extendBatch", "deadLetterBatch"].flatMap((method) =>
    of(method, RESULTS),
  ),
  ...of("extendBatch", {
    "gives a lease of NaN": each({ value: { leaseMs: Number.NaN } }),
    "gives a negative lease": each({ value: { leaseMs: -5 } }),
  }),
  ...of("receiveBatch", DELIVERIES),
  ...["setFlow", "open", "probe", "close", "sizeOf", "classify"].flatMap((method) => of(method, VALUES)),
  ...["openProducer", "openConsumer", "resolve"].flatMap((method) => of(method, VALUES)),
  ...of("probe", {
    "gives no limits": gives({ facts: { unknown: [] }, limits: { receive: undefined } }),
    "gives null": gives({ facts: { unknown: [] }, capabilities: null, limits: null }),
    "gives odd facts": gives({ facts: { unknown: [], leaseMs: Number.NaN, maxDeliveries: -1 } }),
  }),
  ["no extendBatch", { without: ["extendBatch"] }],
  ["no deadLetterBatch", { without: ["deadLetterBatch"] }],
  ...["receive", "send", "ack", "release", "extend", "deadLetter"].flatMap((name) => [
    [`no limits of ${name}`, { limits: { [name]: undefined } }] as const,
    [`limits of ${name} of zero`, { limits: { [name]: NO_COUNTS } }] as const,
    [`limits of ${name} of NaN`, { limits: { [name]: ODD_COUNTS } }] as const,
  ]),
  ["settlements whose effect is unknown", { capabilities: { settle: "accepted" } }],
  ["a lease that lasts as long as the link", { capabilities: { lease: "link" } }],
  ["events of nothing", { spoils: { openConsumer: () => reportsNothing } }],
];

/** Reports what is no loss and no error, now and later. */
const reportsNothing: Spoil = (right, [, options]) => {
  const { events } = options as { readonly events: Readonly<Record<string, (...args: unknown[]) => void>> };
  const report = (): void => {
    events["fault"]?.(undefined);
    events["leasesLost"]?.(undefined, undefined);
    events["leasesLost"]?.({ handles: undefined }, undefined);
  };
  report();
  setImmediate(report);
  return right();
};
