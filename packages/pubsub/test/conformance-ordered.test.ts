import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { assertDocumented } from "../../../tooling/conformance/documented-results.ts";
import { emulatorHarness } from "./pubsub-harness.ts";

conformance(test, { harness: emulatorHarness("ordered"), afterAll, report: assertDocumented });
