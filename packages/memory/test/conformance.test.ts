import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { assertDocumented } from "../../../tooling/conformance/documented-results.ts";
import { memoryHarness } from "./memory-harness.ts";

conformance(test, { harness: memoryHarness(), afterAll, report: assertDocumented });
