import { fileURLToPath } from "node:url";
import { startEmulator } from "@anyqueue/emulator";
import { expect, test } from "vitest";
import { goProgram } from "../../../../../tooling/conformance/interop-programs.ts";
import { runClient } from "../external-client.ts";

const COUNTING = Array.from({ length: 20 }, (_, number) => number);

test("cloud.google.com/go/pubsub/v2 publishes, pulls, streams, seeks, administers and hears every refusal", async (context) => {
  const program = goProgram("pubsub-client", fileURLToPath(new URL("go/", import.meta.url)));
  if ("missing" in program) return context.skip(program.missing);
  const emulator = await startEmulator({ pubsubPort: 0 });
  try {
    const seen: unknown = JSON.parse(await runClient(emulator, program.path, []));
    expect(seen).toEqual({
      ids: 100,
      attributes: true,
      again: [true, true, 0],
      left: true,
      streamed: [200, true],
      ordered: [COUNTING.slice(3).join(" "), COUNTING.join(" ")],
      confirmed: [0, 0, 0],
      refused: "InvalidArgument",
      // AcknowledgeStatusInvalidAckID
      lost: [3, true],
      attempts: [1, 2, 3, 4, 5],
      dead: ["poison", "x", "5", "failing"],
      filtered: [["2"], true],
      sought: [["one"], ["one"]],
      snapshots: ["before"],
      topic: ["2", 900],
      subscription: [30, true, 1200, "a", true, true, true, "attributes:kind", 7, 5, "ACTIVE"],
      updated: [45, "a"],
      detached: [true, "FailedPrecondition"],
      deleted: "NotFound",
      schema: [true, "JSON", "InvalidArgument", "InvalidArgument"],
      errors: ["NotFound", "AlreadyExists", "NotFound", "NotFound"],
    });
  } finally {
    await emulator.close();
  }
});
