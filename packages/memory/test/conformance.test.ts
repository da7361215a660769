import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { memoryHarness } from "./memory-harness.ts";

conformance(test, { harness: memoryHarness(), afterAll });
