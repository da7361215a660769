import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { memoryHarness } from "./memory-harness.ts";

// In any order: what a case takes for granted on a first-in-first-out queue would fail here.
conformance(test, { harness: memoryHarness(5), afterAll });
