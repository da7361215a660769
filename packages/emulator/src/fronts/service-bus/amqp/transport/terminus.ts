import { list, NULL, string, textOf, integerOf, type AmqpValue } from "./amqp-value.ts";

/** Source or target of a link. */
export interface Terminus {
  readonly kind: "source" | "target" | "coordinator";
  readonly address: string | undefined;
  /** Map of a source's filters. */
  readonly filter: AmqpValue | undefined;
  /** The terminus as the peer wrote it, to be echoed. */
  readonly raw: AmqpValue;
}

const SOURCE = 0x28n;
const TARGET = 0x29n;
const COORDINATOR = 0x30n;
const FILTER_FIELD = 7;

export function terminusOf(raw: AmqpValue | undefined): Terminus | undefined {
  if (raw?.type !== "described" || raw.value.type !== "list") return undefined;
  const fields = raw.value.value;
  const code = integerOf(raw.descriptor);
  if (code === COORDINATOR) return { kind: "coordinator", address: undefined, filter: undefined, raw };
  if (code !== SOURCE && code !== TARGET) return undefined;
  const filter = code === SOURCE ? fields[FILTER_FIELD] : undefined;
  return {
    kind: code === SOURCE ? "source" : "target",
    address: textOf(fields[0]),
    filter: filter?.type === "map" ? filter : undefined,
    raw,
  };
}

/** Returns the same terminus with other filters. */
export function withFilter({ raw }: Terminus, filter: AmqpValue): AmqpValue {
  if (raw.type !== "described" || raw.value.type !== "list") return raw;
  const fields = raw.value.value.concat(Array.from({ length: FILTER_FIELD + 1 }, () => NULL));
  fields[FILTER_FIELD] = filter;
  return { ...raw, value: list(fields.slice(0, Math.max(raw.value.value.length, FILTER_FIELD + 1))) };
}

/** Stands in for a terminus that the peer left out. */
export function bareTerminus(kind: "source" | "target", address?: string): AmqpValue {
  return {
    type: "described",
    descriptor: { type: "ulong", value: kind === "source" ? SOURCE : TARGET },
    value: list(address === undefined ? [NULL] : [string(address)]),
  };
}
