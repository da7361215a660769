import { describe, expect, test } from "vitest";
import { bool, int, nothing, real, sbContent, text } from "../../../../../test/support/service-bus-engine.ts";
import type { PropertyValue } from "../message-content.ts";
import { compileSqlFilter } from "./sql-filter.ts";

/** The message that every row below is tested on. */
const MESSAGE = sbContent("id-1", {
  subject: "Urgent order",
  correlationId: "c-1",
  contentType: "application/json",
  sessionId: "s-1",
  scheduledAtMs: 1_700_000_000_000,
  user: {
    n: int(7),
    big: { type: "long", value: 9_007_199_254_740_993n },
    price: real(9.5),
    color: text("red"),
    Color: text("BLUE"),
    empty: text(""),
    percent: text("100%"),
    under: text("a_b"),
    ok: bool(true),
    no: bool(false),
    nil: nothing,
    at: { type: "timestamp", value: 1_700_000_000_000 },
    bytes: { type: "binary", value: Buffer.from("abc") },
    id: { type: "uuid", value: "00112233-4455-6677-8899-aabbccddeeff" },
    weird: { type: "opaque", value: Buffer.from([1]) },
    "two words": text("yes"),
    'say "hi"': text("quoted"),
    "a]b": text("bracket"),
    "order-id": text("o-1"),
    select: text("reserved"),
  },
});

const PARAMETERS: ReadonlyMap<string, PropertyValue> = new Map([
  ["@min", int(5)],
  ["@color", text("red")],
  ["@when", { type: "timestamp", value: 1_700_000_000_000 }],
]);

function matches(expression: string): boolean {
  return compileSqlFilter(expression, PARAMETERS)(MESSAGE);
}

type Row = readonly [expression: string, isMatch: boolean];

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  comparison: [
    ["n = 7", true],
    ["n = 7.0", true],
    ["n <> 7", false],
    ["n != 8", true],
    ["n > 6 AND n < 8", true],
    ["n >= 7 AND n <= 7", true],
    ["7 = n", true],
    ["color = 'red'", true],
    ["color = 'RED'", false],
    ["color < 'rod'", true],
    ["empty = ''", true],
    ["ok = TRUE", true],
    ["no = FALSE", true],
    ["no < ok", true],
    ["big = 9007199254740993", true],
    ["big = 9007199254740992", false],
    ["big > 9007199254740992", true],
    ["at = @when", true],
    ["sys.ScheduledEnqueueTimeUtc = @when", true],
    ["id = '00112233-4455-6677-8899-aabbccddeeff'", true],
    ["bytes = bytes", true],
  ],
  "values of different types are different and in no order": [
    ["n = '7'", false],
    ["n <> '7'", true],
    ["n < 'x' OR n >= 'x'", false],
    ["ok = 'true'", false],
    ["ok = 1", false],
    ["at = 1700000000000", false],
  ],
  "NULL is neither equal nor unequal to anything": [
    ["missing = 1", false],
    ["missing <> 1", false],
    ["NOT (missing = 1)", false],
    ["nil = NULL", false],
    ["nil <> NULL", false],
    ["weird = 1 OR weird <> 1", false],
    ["missing = missing", false],
    ["missing + 1 = 1", false],
    ["-missing = 1", false],
    ["missing LIKE '%'", false],
    ["NOT missing LIKE '%'", false],
    ["missing IN (1, 2)", false],
    ["missing NOT IN (1, 2)", false],
  ],
  "UNKNOWN beside AND and OR": [
    ["missing = 1 OR n = 7", true],
    ["n = 7 OR missing = 1", true],
    ["missing = 1 AND n = 7", false],
    ["NOT (missing = 1 AND n = 8)", true],
    ["NOT (n = 8 AND missing = 1)", true],
    ["NOT (missing = 1 AND n = 7)", false],
    ["NOT (missing = 1 OR n = 8)", false],
    ["NOT (n = 8 OR missing = 1)", false],
  ],
  "IS NULL and EXISTS": [
    ["missing IS NULL", true],
    ["nil IS NULL", true],
    ["n IS NULL", false],
    ["n IS NOT NULL", true],
    ["missing IS NOT NULL", false],
    ["NOT n IS NULL", true],
    ["EXISTS(n)", true],
    ["EXISTS(user.nil)", true],
    ["EXISTS(missing)", false],
    ["NOT EXISTS(missing)", true],
    ["EXISTS(sys.CorrelationId)", true],
    ["EXISTS(sys.ReplyTo)", false],
    ["sys.ReplyTo IS NULL", true],
  ],
  IN: [
    ["n IN (1, 7)", true],
    ["n IN (1, 2)", false],
    ["n NOT IN (1, 2)", true],
    ["color IN ('green', 'red')", true],
    ["n IN (n + 1, n)", true],
    ["n IN (1, NULL)", false],
    ["n NOT IN (1, NULL)", false],
    ["n IN (7, NULL)", true],
  ],
  LIKE: [
    ["color LIKE 'r%'", true],
    ["color LIKE '_e_'", true],
    ["color LIKE '%'", true],
    ["empty LIKE ''", true],
    ["empty LIKE '_'", false],
    ["color LIKE 'R%'", false],
    ["color NOT LIKE 'b%'", true],
    ["color LIKE 'r.d'", false],
    ["color LIKE '%e%d%'", true],
    ["color LIKE '%d%e%'", false],
    ["percent LIKE '100!%' ESCAPE '!'", true],
    ["color LIKE '10!%' ESCAPE '!'", false],
    ["under LIKE 'a\\_b' ESCAPE '\\'", true],
    ["color LIKE 'r\\_d' ESCAPE '\\'", false],
    ["n LIKE '7'", false],
    ["color LIKE @color", true],
  ],
  arithmetic: [
    ["n + 1 = 8", true],
    ["n - 1 * 2 = 5", true],
    ["(n - 1) * 2 = 12", true],
    ["n / 2 = 3", true],
    ["n / 2.0 = 3.5", true],
    ["-7 / 2 = -3", true],
    ["n % 4 = 3", true],
    ["price * 2 = 19", true],
    ["price + 1 = 10.5", true],
    ["price - 1 = 8.5", true],
    ["price % 2 = 1.5", true],
    ["10 - 2 - 3 = 5", true],
    ["-n = -7", true],
    ["- -n = 7", true],
    ["+n = 7", true],
    ["color + '!' = 'red!'", true],
    ["1e3 = 1000", true],
    ["1.5E-1 = .15", true],
    ["n / 0.0 > 1000000", true],
  ],
  "precedence and parentheses": [
    ["n = 8 AND n = 8 OR n = 7", true],
    ["n = 7 OR n = 8 AND n = 8", true],
    ["(n = 7 OR n = 8) AND n = 8", false],
    ["NOT n = 8 AND n = 7", true],
    ["NOT (n = 8 AND n = 7)", true],
    ["NOT NOT n = 7", true],
    ["((n)) = ((7))", true],
    ["(((n = 7)))", true],
    ["1 + 1 = 2 and 2 + 2 = 4", true],
  ],
  "names, scopes, case and quotes": [
    ["sys.Label = 'Urgent order'", true],
    ["SYS.label = 'Urgent order'", true],
    ["sys.Subject LIKE 'Urgent%'", true],
    ["sys.MessageId = 'id-1' AND sys.SessionId = 's-1'", true],
    ["sys.ContentType = 'application/json'", true],
    ["user.color = 'red' AND USER.Color = 'BLUE'", true],
    ["COLOR = 'red'", false],
    ["[two words] = 'yes'", true],
    ["user.[two words] = 'yes'", true],
    ['"say ""hi""" = \'quoted\'', true],
    ["[a]]b] = 'bracket'", true],
    ["[order-id] = 'o-1'", true],
    ["property('order-id') = 'o-1' AND p(color) = 'red'", true],
    ["select = 'reserved'", true],
    ["label = 'Urgent order'", false],
  ],
  "constants and parameters": [
    ["1 = 1", true],
    ["1=1", true],
    ["TRUE", true],
    ["false", false],
    ["ok", true],
    ["NOT no", true],
    ["missing", false],
    ["'it''s' = 'it''s'", true],
    ["n > @min", true],
    ["color = @color", true],
    ["newid() <> newid()", true],
    ["n\n  =\t7", true],
  ],
};

describe.for(Object.entries(GROUPS))("%s", ([, rows]) => {
  test.for(rows)("%s is %s", ([expression, isMatch]) => {
    expect(matches(expression)).toBe(isMatch);
  });
});

describe("invalid syntax is refused with its position", () => {
  const rows: readonly (readonly [string, number, string])[] = [
    ["", 1, "end of expression"],
    ["n =", 4, "end of expression"],
    ["n = 7 7", 7, "The end of the expression was expected"],
    ["n = 'open", 5, "no closing quote"],
    ["[open = 1", 1, "not closed"],
    ["n ! 7", 3, "not expected here"],
    ["n = #", 5, "not expected here"],
    ["(n = 7", 7, "')' was expected"],
    ["n = 7)", 6, "The end of the expression was expected"],
    ["n IN ()", 7, "was expected"],
    ["n IS 7", 6, "NULL was expected"],
    ["n NOT 7", 7, "LIKE or IN was expected"],
    ["n + 1", 1, "A condition was expected"],
    ["n AND 7", 7, "A condition was expected"],
    ["(n = 7) + 1 = 2", 1, "A value was expected"],
    ["n = (ok = TRUE)", 5, "A value was expected"],
    ["EXISTS(1)", 8, "The name of a property was expected"],
    ["sys.Nothing = 1", 5, "no such system property"],
    ["other.name = 1", 1, "'user' or 'sys'"],
    ["length(color) = 3", 1, "no such function"],
    ["n = @missing", 5, "has no value"],
    ["AND n = 7", 1, "not expected here"],
    ["n = 7 AND", 10, "end of expression"],
    ["SET n = 7", 1, "not expected here"],
  ];
  test.for(rows)("%s", ([expression, offset, details]) => {
    const compile = (): unknown => compileSqlFilter(expression, PARAMETERS);
    expect(compile).toThrow(expect.objectContaining({ condition: "com.microsoft:argument-error" }));
    expect(compile).toThrow(`[Token line number = 1,Token line offset = ${String(offset)},`);
    expect(compile).toThrow(details);
  });

  test("also on a later line", () => {
    expect(() => compileSqlFilter("n = 7\nAND n = ", PARAMETERS)).toThrow(
      "[Token line number = 2,Token line offset = 9,",
    );
  });
});

describe("limits", () => {
  test("1,024 characters are read, one more is not", () => {
    const expression = "n = 7".padEnd(1_024);
    expect(matches(expression)).toBe(true);
    expect(() => matches(`${expression} `)).toThrow("has 1025 characters; the limit is 1024");
  });

  test("nesting is refused before it exhausts the stack", () => {
    expect(matches(`${"(".repeat(60)}n${")".repeat(60)} = 7`)).toBe(true);
    expect(() => matches(`${"(".repeat(500)}n = 7`)).toThrow("nested too deeply");
    expect(() => matches(`${"NOT ".repeat(200)}n = 7`)).toThrow("nested too deeply");
    expect(() => matches(`${"-".repeat(500)}n = 7`)).toThrow("nested too deeply");
  });
});

describe("what cannot be evaluated on a message throws", () => {
  test.for([
    ["n / 0 = 1", "divide by zero"],
    ["n % 0 = 1", "divide by zero"],
    ["color * 2 = 1", "does not apply to a string"],
    ["n + 'x' = 1", "does not apply to a string"],
    ["-ok = 1", "does not apply to a boolean"],
    ["at + 1 = 1", "does not apply to a date"],
    ["color LIKE n", "not a string"],
    ["color LIKE 'x' ESCAPE 'ab'", "not a single character"],
  ] as const)("%s", ([expression, details]) => {
    expect(() => matches(expression)).toThrow(details);
  });
});
