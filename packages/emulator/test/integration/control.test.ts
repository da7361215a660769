import { once } from "node:events";
import { get } from "node:http";
import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { controlClient } from "../../src/control/control-client.ts";
import { EMULATOR_DEFAULTS } from "../../src/emulator-options.ts";
import { startEmulator } from "../../src/emulator.ts";
import { spawnEmulator } from "../../src/spawn-emulator.ts";
import { errorOf, runEmulator, sqsClient } from "../support/running-emulator.ts";

/** Status of a request whose Host header names another host, which `fetch` does not allow. */
async function statusOf(url: string, host: string): Promise<number | undefined> {
  const [response] = await once(get(url, { headers: { host } }), "response");
  response.resume();
  return response.statusCode;
}

describe("the control API over HTTP", () => {
  async function withControl() {
    const running = await runEmulator({ clock: "manual" });
    return { ...running, control: controlClient(`${running.endpoint}/`) };
  }

  test("moves the clock", async () => {
    const { control, emulator, sqs, createQueue } = await withControl();
    const QueueUrl = await createQueue("orders");
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", DelaySeconds: 60 }));
    const before = await control.now();
    expect(await control.advance(60_000)).toEqual({ fired: 1, calls: emulator.log.count() });
    expect(await control.now()).toBe(before + 60_000);
    expect(emulator.clock.now()).toBe(before + 60_000);
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toHaveLength(1);
  });

  test("is found by its own address too, as `anyqueue up` prints it", async () => {
    const { endpoint, emulator } = await runEmulator({ clock: "manual" });
    expect(await controlClient(`${endpoint}/__anyqueue`).now()).toBe(emulator.clock.now());
  });

  test("adds, lists and removes faults", async () => {
    const { control, emulator, createQueue } = await withControl();
    const id = await control.addFault({ operation: "CreateQueue", action: { kind: "accessDenied" } });
    expect(await errorOf(createQueue("orders"))).toMatchObject({ name: "AccessDenied" });
    expect(emulator.faults.list()).toMatchObject([{ id, fired: 1 }]);
    await control.removeFault(id);
    await createQueue("orders");
    await control.addFault({ action: { kind: "hold" } });
    await control.clearFaults();
    await createQueue("others");
  });

  test("shows the calls and the entities", async () => {
    const { control, sqs, createQueue } = await withControl();
    const QueueUrl = await createQueue("orders");
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
    expect(await control.count()).toBe(2);
    expect(await control.count("SendMessage")).toBe(1);
    expect(await control.log("SendMessage")).toMatchObject([
      {
        sequence: 2,
        protocol: "sqs",
        wire: "json",
        operation: "SendMessage",
        queue: "orders",
        region: "eu-west-1",
        attempt: 1,
        entries: 1,
        outcome: "ok",
        status: 200,
      },
    ]);
    expect(await control.log()).toHaveLength(2);
    expect(await control.queues()).toMatchObject([
      { name: "orders", visible: 1, messages: [{ body: "a", state: "visible" }] },
    ]);
    await control.clearLog();
    expect(await control.count()).toBe(0);
    await control.addFault({ action: { kind: "hold" } });
    await control.reset();
    expect(await control.queues()).toEqual([]);
    await createQueue("orders");
  });

  test("refuses what it does not understand, and says why", async () => {
    const { control, endpoint } = await withControl();
    await expect(control.advance(-1)).rejects.toThrow(
      "POST /clock/advance was refused: advance(ms) takes a number of milliseconds >= 0",
    );
    // @ts-expect-error a typo
    await expect(control.addFault({ action: { kind: "explode" } })).rejects.toThrow(
      "Unknown kind of fault action",
    );
    await expect(control.addFault({ match: () => true, action: { kind: "hold" } })).rejects.toThrow(
      "cannot be sent to another process",
    );
    const post = (path: string, body: string) =>
      fetch(`${endpoint}/__anyqueue${path}`, { method: "POST", body });
    expect(await (await post("/clock/advance", "{")).json()).toEqual({
      error: { message: "The body must be JSON." },
    });
    expect(await (await post("/clock/advance", '"5"')).json()).toEqual({
      error: { message: 'The body must be { "ms": <number of milliseconds> }.' },
    });
    const missing = await post("/explode", "");
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain("No route POST /explode. Known: GET /clock");
  });

  test("does not answer web pages, nor names that only DNS makes local", async () => {
    const { endpoint } = await withControl();
    expect(await statusOf(`${endpoint}/__anyqueue/clock`, "rebound.example.com")).toBe(403);
    expect(await statusOf(`${endpoint}/__anyqueue/clock`, "localhost:80")).toBe(200);
    const response = await fetch(`${endpoint}/__anyqueue/reset`, {
      method: "POST",
      headers: { origin: "https://example.com" },
    });
    expect(response.status).toBe(403);
  });

  test("a client without an emulator says so", async () => {
    const emulator = await startEmulator({ sqsPort: 0 });
    const endpoint = emulator.endpoints.sqs ?? "";
    await emulator.close();
    await expect(controlClient(endpoint).now()).rejects.toThrow(`No emulator answers at ${endpoint}.`);
  });
});

describe("options", () => {
  test.each([
    [{ sqsport: 1 }, `Unknown option sqsport. Known: ${Object.keys(EMULATOR_DEFAULTS).join(", ")}.`],
    [{ sqsPort: 65_536 }, "sqsPort must be a port from 0 to 65535 or false, got 65536."],
    [
      { sqsPort: false, serviceBusPort: false, pubsubPort: false },
      "Every front is switched off: there is nothing to start.",
    ],
    [{ pubsubPort: -1 }, "pubsubPort must be a port from 0 to 65535 or false, got -1."],
    [{ host: "" }, 'host must be an address such as 127.0.0.1, got "".'],
    [{ clock: "fast" }, 'clock must be "hybrid", "manual" or "shared", got "fast".'],
    [{ seed: 0.5 }, "seed must be an integer, got 0.5."],
    [{ recordHandOuts: 1 }, "recordHandOuts must be true or false, got 1."],
  ])("%j is refused", async (options, message) => {
    // @ts-expect-error that is the point
    await expect(startEmulator(options)).rejects.toMatchObject({
      name: "EmulatorError",
      code: "INVALID_OPTION",
      message,
    });
  });

  test("an error names a port that is already in use", async () => {
    const { endpoint } = await runEmulator();
    const sqsPort = Number(new URL(endpoint).port);
    await expect(startEmulator({ sqsPort })).rejects.toMatchObject({
      code: "CANNOT_LISTEN",
      message: expect.stringContaining(`Cannot listen on 127.0.0.1:${sqsPort}`),
    });
  });

  test("the endpoint of every interface is reachable through loopback", async () => {
    const { emulator, endpoint } = await runEmulator({ host: "0.0.0.0" });
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+$/);
    expect(emulator.environment).toEqual({
      AWS_ENDPOINT_URL_SQS: endpoint,
      AWS_REGION: "us-east-1",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "anyqueue",
      AWS_SECRET_ACCESS_KEY: "anyqueue",
    });
    expect(await controlClient(endpoint).count()).toBe(0);
  });
});

describe("an emulator in its own process", () => {
  test("serves the SDK and can be controlled", async () => {
    const spawned = await spawnEmulator({ sqsPort: 0, clock: "manual", seed: 7 });
    const sqs = sqsClient(spawned.endpoints.sqs ?? "");
    try {
      const id = await spawned.control.addFault({ action: { kind: "accessDenied" } });
      expect(
        await errorOf(
          sqs.send(new ReceiveMessageCommand({ QueueUrl: `${spawned.endpoints.sqs}/000000000000/q` })),
        ),
      ).toMatchObject({ name: "AccessDenied" });
      expect((await spawned.control.log())[0]).toMatchObject({ operation: "ReceiveMessage", faults: [id] });
    } finally {
      sqs.destroy();
      await spawned.close();
    }
    await expect(spawned.control.now()).rejects.toThrow("No emulator answers");
  });

  test("that cannot start says so", async () => {
    const { endpoint } = await runEmulator();
    await expect(spawnEmulator({ sqsPort: Number(new URL(endpoint).port) })).rejects.toMatchObject({
      code: "CANNOT_LISTEN",
      message: expect.stringContaining("Cannot listen on 127.0.0.1"),
    });
  });
});
