import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULTS } from "../../packages/core/src/client/defaults.ts";
import { ROOT } from "../steps.ts";

const CORE = "packages/core/src";

/** The options whose documentation repeats a number of {@link DEFAULTS}, and how it is written there. */
const TAGS: readonly (readonly [file: string, member: string, text: string])[] = [
  ["queue-consumer.ts", "concurrency?", `@default ${DEFAULTS.concurrency}`],
  ["queue-consumer.ts", "close(", `(default "${DEFAULTS.drainMs / 1_000}s")`],
  ["message/define-options.ts", "attempts?", `@default ${DEFAULTS.attempts}`],
  [
    "message/define-options.ts",
    "delay?",
    `@default exponential, ${DEFAULTS.retryMinMs / 1_000} s to ${DEFAULTS.retryMaxMs / 60_000} min`,
  ],
  ["message/define-options.ts", "lease?", `@default "${DEFAULTS.leaseMs / 1_000}s"`],
  ["client/client-types.ts", "timeout?", `@default "${DEFAULTS.sendTimeoutMs / 1_000}s"`],
  ["client/client-types.ts", "maxBufferedBytes?", `@default ${DEFAULTS.maxBufferedBytes} `],
  ["client/client-types.ts", "close(", `@default timeout "${DEFAULTS.drainMs / 1_000}s"`],
  ["client/run-worker.ts", "timeout?", `@default "${DEFAULTS.drainMs / 1_000}s"`],
];

test.each(TAGS)("the documentation of %s: %s says %s", (file, member, text) => {
  const source = readFileSync(join(ROOT, CORE, file), "utf8");

  expect(commentsAbove(member, source).join("\n")).toContain(text);
});

/** The docstrings directly above a member of this name. */
function commentsAbove(member: string, source: string): readonly string[] {
  const escaped = member.replaceAll(/[?()]/g, String.raw`\$&`);
  const pattern = new RegExp(String.raw`(/\*\*(?:(?!\*/)[^])*\*/)\s*(?:readonly )?${escaped}`, "g");
  return [...source.matchAll(pattern)].map(([, comment = ""]) => comment);
}
