import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { emulatorHarness } from "./sqs-harness.ts";

conformance(test, { harness: emulatorHarness("standard"), afterAll });
