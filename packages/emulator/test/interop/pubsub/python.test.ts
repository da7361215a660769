import { fileURLToPath } from "node:url";
import { startEmulator } from "@anyqueue/emulator";
import { expect, test, type TestContext } from "vitest";
import { pythonWith } from "../../../../../tooling/conformance/interop-programs.ts";
import { runClient } from "../external-client.ts";

const RELEASE = "2.44.0";

test("google-cloud-pubsub publishes, pulls, streams, seeks and hears every refusal", async (context) => {
  const seen = await runScript(context, "round_trip");
  expect(seen).toEqual({
    ids: 100,
    bodies: true,
    attributes: true,
    again: [true, true, 0],
    left: true,
    streamed: [true, true],
    ordered: [true, true],
    confirmed: ["SUCCESS", "SUCCESS", "SUCCESS"],
    refused: ["EXACTLY_ONCE_ACKID_FAILURE", "pubsub.googleapis.com", "PERMANENT_FAILURE_INVALID_ACK_ID"],
    lost: "INVALID_ACK_ID",
    attempts: [1, 2, 3, 4, 5],
    dead: ["poison", "x", "5", "failing"],
    filtered: [["a y1"], true],
    sought: [["one"], ["one"]],
    purged: true,
    snapshots: ["before"],
    errors: ["NotFound", "NotFound", "NotFound", "AlreadyExists", "InvalidArgument", "InvalidArgument"],
  });
});

test("google-cloud-pubsub administers topics, subscriptions, schemas and access", async (context) => {
  const seen = await runScript(context, "admin");
  expect(seen).toEqual({
    pages: [["topic-0", "topic-1"], ["topic-2", "topic-3"], ["topic-4"]],
    topic: [{ n: "zero" }, 900],
    subscription: [30, true, 1200, { team: "a" }, true, 0, "attributes:kind", 7, 5, true, "ACTIVE", 900],
    updated: [45, { team: "a" }],
    "of topic": ["everything"],
    detached: true,
    left: [4, 0],
    misfit: "InvalidArgument",
    schema: ["order", true, "JSON", true, 2],
    access: [["roles/pubsub.publisher"], ["pubsub.topics.publish"]],
  });
});

/** Runs a script against an emulator of its own and returns what it printed. */
async function runScript(context: TestContext, name: string): Promise<unknown> {
  const python = pythonWith("google-cloud-pubsub", RELEASE);
  if ("missing" in python) return context.skip(python.missing);
  const emulator = await startEmulator({ pubsubPort: 0 });
  try {
    const script = fileURLToPath(new URL(`python/${name}.py`, import.meta.url));
    return JSON.parse(await runClient(emulator, python.path, [script]));
  } finally {
    await emulator.close();
  }
}
