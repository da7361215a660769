import { createClient, defineQueue } from "@anyqueue/core";
import type { ConnectionUrl } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { createMemoryClient, memory, type MemoryOptions } from "./index.ts";
import { memoryWithEngines } from "./memory-provider.ts";

const orders = defineQueue<{ n: number }>("orders");

function connection(over: Partial<ConnectionUrl> = {}): ConnectionUrl {
  return { scheme: "memory", authority: "", path: "", parameters: {}, text: "memory:", ...over };
}

async function received(client: ReturnType<typeof createMemoryClient>): Promise<unknown[]> {
  const messages = await client.consumer(orders).receive({ max: 10 });
  for (const message of messages) await message.ack();
  return messages.map(({ body }) => body);
}

describe("memory()", () => {
  test("shares its messages among the clients of one provider object, by name", async () => {
    const provider = memory();
    await using one = createClient("memory:", [provider]);
    await using same = createClient("memory:", [provider]);
    await using other = createClient("memory://other", [provider]);
    await using stranger = createMemoryClient();
    await one.producer(orders).send({ n: 1 });

    expect(await received(other)).toEqual([]);
    expect(await received(stranger)).toEqual([]);
    expect(await received(same)).toEqual([{ n: 1 }]);
  });

  test("keeps what was not handled after a client closed", async () => {
    const provider = memory();
    const first = createClient("memory:", [provider]);
    await first.producer(orders).send({ n: 1 });
    await first.close();
    await using second = createClient("memory:", [provider]);

    expect(await received(second)).toEqual([{ n: 1 }]);
  });

  test("gives its clock to the client", () => {
    const clock = createVirtualClock();

    expect(memory({ clock }).clock).toBe(clock);
    expect(memory()).not.toHaveProperty("clock");
  });

  test.each<[MemoryOptions, RegExp]>([
    [{ sed: 1 } as MemoryOptions, /unknown option "sed".*Did you mean "seed"/s],
    [{ seed: -1 }, /seed: expected a whole number/],
    [{ seed: 1n as never }, /seed: expected a whole number.*got bigint/],
    [{ faults: "send" as never }, /faults: expected a list of faults/],
    [null as never, /expected an object of options/],
    [{ create: "never" as "auto" }, /create: expected "auto" or "explicit"/],
  ])("refuses %o", (options, text) => {
    expect(() => memory(options)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(text) }),
    );
  });
});

describe("a memory URL", () => {
  const { provider, engines } = memoryWithEngines({});
  const context = { clock: createVirtualClock() };

  test("names an engine and its settings", () => {
    provider.connect(
      connection({ authority: "named", parameters: { create: "explicit", seed: "7" } }),
      context,
    );

    expect(engines.get("named")?.create).toBe("explicit");
    expect(() =>
      provider.connect(connection({ authority: "named", parameters: { create: "auto" } }), context),
    ).toThrow(/INVALID_ARGUMENT.*open with create=explicit/s);
    expect(() =>
      provider.connect(connection({ authority: "named", parameters: { seed: "8" } }), context),
    ).toThrow(/INVALID_ARGUMENT.*open with create=explicit, seed=7/s);
  });

  test.each<[Partial<ConnectionUrl>, RegExp]>([
    [{ parameters: { crate: "auto" } }, /unknown key "crate" \(did you mean "create"\?\)/],
    [{ parameters: { create: "later" } }, /create: expected "auto" or "explicit", got "later"/],
    [{ parameters: { seed: "x" } }, /seed: expected a whole number/],
    [{ path: "/a" }, /a memory URL has no path/],
  ])("is refused: %j", (over, text) => {
    expect(() => provider.connect(connection(over), context)).toThrow(text);
  });
});
