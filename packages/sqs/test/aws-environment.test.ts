import { systemClock } from "@anyqueue/core/adapter";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sqs } from "../src/index.ts";
import { ANY_CREDENTIALS, never, openAdapter, outgoing, rejection, standard } from "./open-adapter.ts";
import { ScriptedServer } from "./scripted-server.ts";

let server: ScriptedServer;

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  await server.close();
});

describe("an AWS environment that says nothing, or nonsense", () => {
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_CONFIG_FILE", "/nowhere/config");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials");
  });

  test("ends as missing credentials within five seconds, also where the instance service never answers", async () => {
    server.script(() => "hang");
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint);
    const broke = openAdapter("http://127.0.0.1:9", { options: { credentials: undefined } });
    const startedAt = performance.now();
    const error = await rejection(broke.openProducer(standard(broke)).open?.(never));
    expect(broke.classify(error, "open")).toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
    // One lookup takes four and a half seconds; the rest is for a busy machine.
    expect(performance.now() - startedAt).toBeLessThan(8_500);
    expect(server.calls.length).toBeGreaterThan(0);
    await broke.close();
  });

  test("says so of credentials of the application's own that fail to come, and asks again", async () => {
    let fails = true;
    const credentials = async (): Promise<typeof ANY_CREDENTIALS> => {
      if (fails) throw new Error("the vault is sealed");
      return ANY_CREDENTIALS;
    };
    const own = openAdapter(server.endpoint, { options: { credentials } });
    const producer = own.openProducer(standard(own));
    const error = await rejection(producer.sendBatch([outgoing("1")], never));
    expect(own.classify(error, "send")).toMatchObject({ code: "UNAUTHENTICATED", ambiguous: false });
    fails = false;
    expect(await producer.sendBatch([outgoing("1")], never)).toMatchObject([{ ok: true }]);
    await own.close();
  });

  test("says so of credentials that are none", async () => {
    const credentials = async (): Promise<typeof ANY_CREDENTIALS> => ({ accessKeyId: "id" }) as never;
    const own = openAdapter(server.endpoint, { options: { credentials } });
    const error = await rejection(own.openProducer(standard(own)).open?.(never));
    expect(own.classify(error, "open").code).toBe("UNAUTHENTICATED");
    await own.close();
  });

  test("without a region says how to give one", async () => {
    const url = { scheme: "sqs", authority: "", path: "", parameters: {}, text: "sqs:" };
    const nowhere = sqs({ credentials: ANY_CREDENTIALS }).connect(url, { clock: systemClock });
    const error = await rejection(nowhere.openProducer(standard(nowhere)).open?.(never));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/no AWS region is known.*sqs:\/\/eu-west-1.*AWS_REGION/),
    });
    await nowhere.close();
  });

  test.each([
    ["AWS_REGION", "", "INVALID_ARGUMENT"],
    ["AWS_REGION", "eu west", "INVALID_ARGUMENT"],
    ["AWS_ENDPOINT_URL_SQS", "not a URL", "INVALID_ARGUMENT"],
    // Without a scheme, the host is taken for the scheme.
    ["AWS_ENDPOINT_URL_SQS", "localhost:4566", "INVALID_ARGUMENT"],
    // The token of a Kubernetes service account that is not mounted.
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token", "UNAUTHENTICATED"],
  ])("names %s=%s as what it is, before anything is sent", async (name, value, code) => {
    vi.stubEnv("AWS_REGION", "eu-west-1");
    vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/orders");
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv(name, value);
    const credentials = code === "UNAUTHENTICATED" ? undefined : ANY_CREDENTIALS;
    const url = { scheme: "sqs", authority: "", path: "", parameters: {}, text: "sqs:" };
    const own = sqs({ credentials }).connect(url, { clock: systemClock });
    const error = await rejection(own.openProducer(standard(own)).open?.(never));
    expect(own.classify(error, "open")).toMatchObject({ code, retryable: false });
    await own.close();
  });
});
