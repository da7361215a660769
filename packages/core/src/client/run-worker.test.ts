import { createServer } from "node:http";
import { Server } from "node:net";
import { once } from "node:events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { DrainReport, Health } from "../queue-consumer.ts";
import type { QueueClient } from "./client-types.ts";
import { runWorker, type WorkerOptions, type WorkerProcess } from "./run-worker.ts";

const REPORT: DrainReport = { handled: 1, released: 0, unsettled: 0, abandoned: 0 };

class FakeProcess implements WorkerProcess {
  exitCode: number | undefined;
  readonly exits: number[] = [];
  readonly listeners: Record<string, (() => void)[]> = { SIGTERM: [], SIGINT: [] };

  on(signal: "SIGTERM" | "SIGINT", listener: () => void): void {
    this.listeners[signal]?.push(listener);
  }

  off(signal: "SIGTERM" | "SIGINT", listener: () => void): void {
    this.listeners[signal] = (this.listeners[signal] ?? []).filter((each) => each !== listener);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  send(signal: "SIGTERM" | "SIGINT"): void {
    for (const listener of this.listeners[signal] ?? []) listener();
  }
}

/** A client whose runs end when it is closed, like a real client's. */
function bench(options: WorkerOptions = {}, closeError?: Error) {
  const process = new FakeProcess();
  const runs = [Promise.withResolvers<DrainReport>(), Promise.withResolvers<DrainReport>()];
  const closes: unknown[] = [];
  let health: Health = { live: true, ready: true, reasons: [] };
  const client = {
    health: () => health,
    close: async (given: unknown) => {
      closes.push(given);
      for (const run of runs) run.resolve(REPORT);
      if (closeError !== undefined) throw closeError;
      return REPORT;
    },
  };
  const worker = runWorker(
    client as unknown as QueueClient,
    runs.map(({ promise }) => promise),
    { process, ...options },
  );
  return { process, runs, closes, worker, setHealth: (given: Health) => (health = given) };
}

describe("runWorker", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s drains everything and resolves", async (signal) => {
    const { process, closes, worker } = bench({ timeout: "5s" });
    process.send(signal);
    await worker;
    expect(closes).toEqual([{ timeout: "5s" }]);
    expect(process.exits).toEqual([]);
    expect(process.exitCode).toBeUndefined();
    expect(process.listeners).toEqual({ SIGTERM: [], SIGINT: [] });
  });

  test("a second signal exits with 1 at once", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { process, worker } = bench();
    process.send("SIGTERM");
    vi.advanceTimersByTime(501);
    process.send("SIGINT");
    expect(process.exits).toEqual([1]);
    await worker;
  });

  test("one signal that arrives twice, from the terminal and from npm, is not a second one", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { process, worker } = bench();
    process.send("SIGINT");
    vi.advanceTimersByTime(500);
    process.send("SIGINT");
    expect(process.exits).toEqual([]);
    await worker;
  });

  test("a run that rejects drains the others, sets the exit code and rejects", async () => {
    const { process, runs, closes, worker } = bench();
    runs[1]?.reject(new Error("queue is gone"));
    await expect(worker).rejects.toThrow("queue is gone");
    expect(closes).toHaveLength(1);
    expect(process.exitCode).toBe(1);
    expect(process.listeners["SIGTERM"]).toEqual([]);
  });

  test("the run's error is not hidden by a close that fails too", async () => {
    const { runs, worker } = bench({}, new Error("close failed"));
    runs[0]?.reject(new Error("queue is gone"));
    await expect(worker).rejects.toThrow("queue is gone");
  });

  test("a drain that fails rejects with exit code 1", async () => {
    const { process, worker } = bench({}, new Error("close failed"));
    process.send("SIGTERM");
    await expect(worker).rejects.toThrow("close failed");
    expect(process.exitCode).toBe(1);
  });

  test("runs that end by themselves close the client", async () => {
    const { runs, closes, worker } = bench();
    for (const run of runs) run.resolve(REPORT);
    await worker;
    expect(closes).toHaveLength(1);
  });
});

test("a run that does not end with the client is named, and waited for no longer than the drain may take", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const process = new FakeProcess();
  const client = { health: () => undefined, close: async () => REPORT };
  const runs = [Promise.resolve(REPORT), new Promise<DrainReport>(() => {})];
  const options = { process, timeout: "10s" } as const;
  const worker = runWorker(client as unknown as QueueClient, runs, options).catch((error: unknown) => error);
  process.send("SIGTERM");
  let error: unknown;
  void worker.then((reason) => (error = reason));
  await vi.advanceTimersByTimeAsync(9_999);
  expect(error).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(error).toMatchObject({
    code: "TIMEOUT",
    message: expect.stringContaining("runs[1] did not end within 10000 ms of the client's close"),
  });
  expect(process.exitCode).toBe(1);
  expect(process.listeners).toEqual({ SIGTERM: [], SIGINT: [] });
});

test.each([
  ["a consumer", {}],
  ["a handler", () => {}],
  ["nothing", undefined],
])("refuses %s in the place of a run at once", async (_what, run) => {
  const process = new FakeProcess();
  const client = { close: async () => REPORT } as unknown as QueueClient;
  await expect(runWorker(client, [Promise.resolve(REPORT), run as never], { process })).rejects.toMatchObject(
    {
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("runs[1]: expected the promise of run()"),
    },
  );
});

describe("health", () => {
  test("serves each question as JSON, and stops with the worker", async () => {
    const listening = Promise.withResolvers<number>();
    const { process, worker, setHealth } = bench({
      health: { port: 0, host: "127.0.0.1", onListening: listening.resolve },
    });
    const base = `http://127.0.0.1:${await listening.promise}`;
    const ask = async (path: string) => {
      const response = await fetch(base + path);
      return [response.status, await response.json()];
    };
    const good = { live: true, ready: true, reasons: [] };
    expect(await ask("/healthz")).toEqual([200, good]);
    expect(await ask("/readyz?verbose")).toEqual([200, good]);
    const stalled = { live: true, ready: false, reasons: ["broker unreachable"] };
    setHealth(stalled);
    expect(await ask("/livez")).toEqual([200, stalled]);
    expect(await ask("/readyz")).toEqual([503, stalled]);
    expect(await ask("/healthz")).toEqual([503, stalled]);
    expect(await ask("/other")).toEqual([404, { error: "not found" }]);
    process.send("SIGTERM");
    await worker;
    await expect(fetch(base)).rejects.toThrow("fetch failed");
  });

  test("leaves no server behind where the application throws at its port", async () => {
    let port = 0;
    const { worker, closes } = bench({
      health: {
        port: 0,
        host: "127.0.0.1",
        onListening: (taken) => {
          port = taken;
          throw new Error("mine");
        },
      },
    });
    await expect(worker).rejects.toThrow("mine");
    expect(closes).toHaveLength(1);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow("fetch failed");
  });

  test("outlives errors of its server", async () => {
    const listen = vi.spyOn(Server.prototype, "listen");
    onTestFinished(() => listen.mockRestore());
    const listening = Promise.withResolvers<number>();
    const { process, worker } = bench({
      health: { port: 0, host: "127.0.0.1", onListening: listening.resolve },
    });
    await listening.promise;
    const server = listen.mock.contexts[0] as Server;
    for (let count = 0; count < 2; count += 1) server.emit("error", new Error("accept EMFILE"));
    process.send("SIGTERM");
    await expect(worker).resolves.toBeUndefined();
  });

  test.each([{ host: 5 }, { onListening: "yes" }])("refuses %j at once", async (wrong) => {
    const { worker, closes } = bench({ health: { port: 0, ...wrong } as never });
    await expect(worker).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(closes).toHaveLength(0);
  });

  test("a port that is taken drains and rejects, saying which", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(async () => {
      await new Promise((resolve) => other.close(resolve));
    });
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { worker, closes, process } = bench({ health: { port, host: "127.0.0.1" } });
    await expect(worker).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(`${port}`),
    });
    expect(closes).toHaveLength(1);
    expect(process.exitCode).toBe(1);
  });
});
