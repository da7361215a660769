import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { requireClient, runClient, withEmulator } from "./external-client.ts";

const script = (name: string): string => fileURLToPath(new URL(`python/${name}.py`, import.meta.url));

test("boto3 verifies our checksums, reads typed attributes and knows our error codes", async (context) => {
  requireClient(context, "python3", ["-c", "import boto3"]);
  await withEmulator(async (emulator) => {
    const seen: unknown = JSON.parse(await runClient(emulator, "python3", [script("boto3_round_trip")]));
    expect(seen).toEqual({
      sent: 10,
      received: Array.from({ length: 10 }, (_, i) => `body ${i}`),
      binary: Array.from({ length: 10 }, (_, i) => `00ff0${i}`),
      counts: ["1"],
      tags: { team: "a" },
      codes: [
        "InvalidMessageContents",
        "InvalidParameterValue",
        "InvalidParameterValue",
        "AWS.SimpleQueueService.NonExistentQueue",
        "ReceiptHandleIsInvalid",
      ],
    });
  });
});

test("kombu, and with it Celery, sends and consumes", async (context) => {
  requireClient(context, "python3", ["-c", "import kombu, boto3, urllib3"]);
  await withEmulator(async (emulator) => {
    const seen: unknown = JSON.parse(await runClient(emulator, "python3", [script("kombu_round_trip")]));
    expect(seen).toEqual({ received: [0, 1, 2, 3, 4] });
  });
});
