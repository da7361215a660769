import fc from "fast-check";
import { expect, test } from "vitest";
import { readWhole, splitLines } from "./split-lines.ts";

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function linesOf(
  chunks: readonly string[],
  maxBytes = 1_000,
): Promise<readonly (string | undefined)[]> {
  const lines: (string | undefined)[] = [];
  for await (const { number, bytes } of splitLines(
    stream(chunks.map((chunk) => Buffer.from(chunk))),
    maxBytes,
  )) {
    lines.push(bytes === undefined ? undefined : Buffer.from(bytes).toString());
    expect(number).toBe(lines.length);
  }
  return lines;
}

test.each([
  [[], []],
  [["a\nb\n"], ["a", "b"]],
  [["a\nb"], ["a", "b"]],
  [
    ["a", "b\n", "\n", "c"],
    ["ab", "", "c"],
  ],
  [["\n"], [""]],
])("%j has the lines %j", async (chunks, lines) => {
  expect(await linesOf(chunks)).toEqual(lines);
});

test("a line that is too long is left out, and the next one is whole", async () => {
  expect(await linesOf(["123", "456", "7\nabc\n1234", "5678"], 6)).toEqual([undefined, "abc", undefined]);
});

test("where the chunks end makes no difference", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "\n", "ü") });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(40)), async (given, cuts) => {
      const bytes = Buffer.from(given);
      const edges = [
        0,
        ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b),
        bytes.length,
      ];
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      const lines: string[] = [];
      for await (const line of splitLines(stream(chunks), 1_000))
        lines.push(Buffer.from(line.bytes ?? []).toString());
      const expected = given.split("\n");
      expect(lines).toEqual(given.endsWith("\n") || given === "" ? expected.slice(0, -1) : expected);
    }),
  );
});

test("the whole of a stream is read, unless it is too long", async () => {
  const chunks = [Buffer.from("a\n"), Buffer.from("b")];
  expect(Buffer.from((await readWhole(stream(chunks), 3)) ?? []).toString()).toBe("a\nb");
  expect(await readWhole(stream(chunks), 2)).toBeUndefined();
});
