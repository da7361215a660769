import { readFileSync } from "node:fs";
import type * as AwsSdk from "@aws-sdk/client-sqs";
import { afterEach, expect, test, vi } from "vitest";
import { OLDEST_SDK } from "../src/sdk-version.ts";
import { never, openAdapter, rejection, standard } from "./open-adapter.ts";

afterEach(() => {
  vi.doUnmock("@aws-sdk/client-sqs");
});

/** The SDK says that it is this release, and fails as an old one does. */
function useSdk(version: string): void {
  vi.doMock("@aws-sdk/client-sqs", async (original) => {
    const sdk = await original<typeof AwsSdk>();
    class Client extends sdk.SQSClient {
      override readonly send = async (): Promise<never> => {
        this.config.defaultUserAgentProvider = async () => [["aws-sdk-js", version]];
        throw new TypeError("options.md5 is not a constructor");
      };
    }
    return { ...sdk, SQSClient: Client };
  });
}

test.each(["3.300.0", "3.99.0", "3.726.0"])("SDK %s is told to be too old", async (version) => {
  useSdk(version);
  const adapter = openAdapter("http://127.0.0.1:9");
  const error = await rejection(adapter.openProducer(standard(adapter)).open?.(never));
  expect(error).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(`@aws-sdk/client-sqs ${version} is too old`),
    remedy: expect.stringContaining(OLDEST_SDK),
  });
  await adapter.close();
});

test.each([OLDEST_SDK, "3.1169.0"])("a failure of SDK %s stays its own", async (version) => {
  useSdk(version);
  const adapter = openAdapter("http://127.0.0.1:9");
  const error = await rejection(adapter.openProducer(standard(adapter)).open?.(never));
  expect(error).toBeInstanceOf(TypeError);
  await adapter.close();
});

const manifestOf = (folder: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${folder}/package.json`, import.meta.url), "utf8"));
const RANGE = { "@aws-sdk/client-sqs": `^${OLDEST_SDK}` };

test("the peer range begins with the oldest release", () => {
  expect(manifestOf("sqs")).toMatchObject({ peerDependencies: RANGE });
});

test("the command line brings no second SDK beside the application's", () => {
  expect(manifestOf("cli")).toMatchObject({ dependencies: RANGE });
});
