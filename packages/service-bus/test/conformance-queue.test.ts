import { conformance } from "@anyqueue/conformance";
import { afterAll, test } from "vitest";
import { assertDocumented } from "../../../tooling/conformance/documented-results.ts";
import { emulatorHarness } from "./service-bus-harness.ts";

conformance(test, { harness: emulatorHarness("queue"), afterAll, report: assertDocumented });
