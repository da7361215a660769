import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { assertDocumented } from "../../../tooling/conformance/documented-results.ts";
import { emulatorHarness } from "./sqs-harness.ts";

conformance(test, { harness: emulatorHarness("standard"), afterAll, report: assertDocumented });
