import { expect, test, vi } from "vitest";
import { run } from "../test/run.ts";

test.each([
  [
    ["memory:", "--delay", "400d"],
    ["delays a message by at most", "Shorten --delay"],
  ],
  [
    ["pubsub://p", "--delay", "1h"],
    ["cannot give this entity delay", "Shorten --delay"],
  ],
  [
    ["sqs://eu-west-1", "--ttl", "1h"],
    ["cannot give this entity ttl", "Leave --ttl out"],
  ],
  [
    ["pubsub://p", "--delay", "1h", "--ttl", "1h"],
    ["Shorten --delay", "Leave --ttl out"],
  ],
])("what send %j cannot do is said in words of a shell", async ([url = "", ...flags], texts) => {
  const { exitCode, printed, warned } = await run("send", "orders", "{}", "--json", "--url", url, ...flags);
  expect(exitCode).toBe(1);
  for (const text of texts) expect(warned).toContain(text);
  expect(printed + warned).not.toMatch(/emulat|(?:to|in|from) the definition/);
});

test.each([[], ["--json"]])(
  "a connection that nothing names can be given by a flag: %j",
  async (...flags) => {
    vi.stubEnv("ANYQUEUE_URL", "");
    const { exitCode, warned } = await run("tail", "q", ...flags);
    vi.unstubAllEnvs();
    expect(exitCode).toBe(1);
    expect(warned).toMatch(/no connection is configured.*Give --url <url>, or set ANYQUEUE_URL.*anyqueue up/);
  },
);

test("a queue that cannot be made as the flags say names them", async () => {
  const { exitCode, warned } = await run("create", "orders", "--deduplicating", "--url", "pubsub://p");
  expect(exitCode).toBe(1);
  expect(warned).toMatch(/deduplication.*Leave --deduplicating out/);
  expect(warned).not.toContain("from the definition");
});

test.each([
  ["sqs://eu-west-1", "13h", "43200000 ms, got 46800000"],
  ["sqs://eu-west-1", "500ms", "expected 1000 to"],
  ["pubsub://p", "11m", "600000 ms, got 660000"],
])(
  "a lease that %s does not have, %s, is refused before anything is asked of it",
  async (url, lease, text) => {
    const { exitCode, warned } = await run("create", "orders", "--lease", lease, "--url", url);
    expect(exitCode).toBe(1);
    expect(warned).toMatch(/^INVALID_ARGUMENT: lease: /);
    expect(warned).toContain(text);
  },
);
