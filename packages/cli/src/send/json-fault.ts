/** The place where a text stops being JSON. */
export interface JsonFault {
  /** Both count from 1; the column counts UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

type State = "value" | "first item" | "key" | "first key" | "colon" | "after value";

const EXPECTED: Readonly<Record<State, string>> = {
  value: "a value",
  "first item": 'a value or "]"',
  key: "a property name in double quotes",
  "first key": 'a property name in double quotes or "}"',
  colon: '":"',
  "after value": '"," or the end of what was opened',
};

/**
 * Finds the first fault of a text that `JSON.parse` refused; undefined if there is none.
 * V8 gives a position for some faults only, and quotes the text around others, which may be secret.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: ("}" | "]")[] = [];
  let state: State = "value";
  let offset = 0;
  for (;;) {
    offset = skipSpace(text, offset);
    const character = text[offset] ?? "";
    if (state === "after value" && open.length === 0) {
      return character === "" ? undefined : faultAt(text, offset, "the end");
    }
    const isEmptied = state === "first item" || state === "first key";
    if ((state === "after value" || isEmptied) && character === open.at(-1)) {
      open.pop();
      state = "after value";
      offset += 1;
    } else if (state === "after value" && character === ",") {
      state = open.at(-1) === "}" ? "key" : "value";
      offset += 1;
    } else if (state === "colon" && character === ":") {
      state = "value";
      offset += 1;
    } else if (isValueState(state) && (character === "{" || character === "[")) {
      open.push(character === "{" ? "}" : "]");
      state = character === "{" ? "first key" : "first item";
      offset += 1;
    } else {
      const scanned = scanToken(text, offset, state);
      if ("expected" in scanned) return faultAt(text, scanned.offset, scanned.expected);
      offset = scanned.offset;
      state = isValueState(state) ? "after value" : "colon";
    }
  }
}

type Scanned = { readonly offset: number } | { readonly offset: number; readonly expected: string };

function isValueState(state: State): boolean {
  return state === "value" || state === "first item";
}

/** A string where a name or a value may stand, or a number or literal where a value may. */
function scanToken(text: string, offset: number, state: State): Scanned {
  const mayBeString = state !== "colon" && state !== "after value";
  if (mayBeString && text[offset] === '"') return scanString(text, offset);
  if (isValueState(state)) {
    SCALAR.lastIndex = offset;
    const [scalar] = SCALAR.exec(text) ?? [];
    if (scalar !== undefined) return { offset: offset + scalar.length };
  }
  return { offset, expected: EXPECTED[state] };
}

const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function scanString(text: string, start: number): Scanned {
  let offset = start + 1;
  for (;;) {
    const character = text[offset];
    if (character === undefined) return { offset, expected: "the closing quote of a string" };
    if (character === '"') return { offset: offset + 1 };
    if (character < " ") return { offset, expected: "an escaped control character" };
    if (character === "\\") {
      ESCAPE.lastIndex = offset;
      const [escape] = ESCAPE.exec(text) ?? [];
      if (escape === undefined) return { offset, expected: "an escape that JSON has" };
      offset += escape.length;
    } else {
      offset += 1;
    }
  }
}

function skipSpace(text: string, from: number): number {
  let offset = from;
  while (offset < text.length && " \t\r\n".includes(text[offset] ?? "x")) offset += 1;
  return offset;
}

function faultAt(text: string, offset: number, expected: string): JsonFault {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1, expected };
}
