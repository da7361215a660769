import { parseArgs } from "node:util";
import { nearestName } from "./nearest-name.ts";
import { UsageError } from "./usage-error.ts";

/** Flags of a command: name without dashes, and whether a value follows; `values` may be repeated. */
export type FlagKinds = Readonly<Record<string, "flag" | "value" | "values">>;

export interface ParsedFlags {
  has(name: string): boolean;
  value(name: string): string | undefined;
  /** Values of a repeatable flag, in the order of the command line. */
  values(name: string): readonly string[];
  readonly positionals: readonly string[];
}

/** Refuses unknown flags and suggests what was probably meant. */
export function parseFlags(command: string, args: readonly string[], kinds: FlagKinds): ParsedFlags {
  const options = Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [
      name,
      {
        type: kind === "flag" ? ("boolean" as const) : ("string" as const),
        ...(name === "help" && { short: "h" }),
      },
    ]),
  );
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const mistake = (text: string): UsageError => new UsageError(`anyqueue ${command}: ${text}`);
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const kind = Object.hasOwn(kinds, token.name) ? kinds[token.name] : undefined;
    if (kind === undefined) throw unknownFlag(command, token.rawName, kinds);
    const values = given.get(token.name);
    if (values !== undefined && kind !== "values") throw mistake(`${token.rawName} was given twice.`);
    if (kind === "flag" && token.value !== undefined)
      throw mistake(`${token.rawName} takes no value, got "${token.value}".`);
    if (kind !== "flag" && (token.value === undefined || token.value === "")) {
      throw mistake(`${token.rawName} needs a value: ${token.rawName} <value>.`);
    }
    // `--id --json` would send a message called --json.
    if (token.inlineValue === false && isFlag(token.value, kinds)) {
      throw mistake(
        `${token.rawName} needs a value, got the flag ${token.value}. If it is meant: ${token.rawName}=${token.value}.`,
      );
    }
    given.set(token.name, [...(values ?? []), token.value ?? ""]);
  }
  return {
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.[0],
    values: (name) => given.get(name) ?? [],
    positionals,
  };
}

function isFlag(text: string, kinds: FlagKinds): boolean {
  const [name = ""] = text.split("=", 1);
  return name.startsWith("--") && Object.hasOwn(kinds, name.slice(2));
}

function unknownFlag(command: string, rawName: string, kinds: FlagKinds): UsageError {
  const known = Object.keys(kinds).map((name) => `--${name}`);
  const nearest = nearestName(rawName, known);
  const hint = nearest === undefined ? `Known: ${known.join(", ")}.` : `Did you mean ${nearest}?`;
  return new UsageError(`anyqueue ${command}: unknown flag ${rawName}. ${hint}`);
}
