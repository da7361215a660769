import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { memoryHarness } from "./memory-harness.ts";

// Any order: a case that relies on first in, first out fails here.
conformance(test, { harness: memoryHarness(5), afterAll });
