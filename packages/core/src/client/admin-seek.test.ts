import { describe, expect, test } from "vitest";
import { FakeService, type FakeServiceOptions } from "../../test/fake-provider.ts";
import { defineQueue } from "../message/queue-definition.ts";
import { createEventSink } from "../telemetry/channels.ts";
import { createAdmin } from "./admin.ts";

const orders = defineQueue("orders");

function bench(options: FakeServiceOptions = {}) {
  const service = new FakeService(options);
  const admin = createAdmin(service.directory(), new AbortController().signal, () => {}, createEventSink([]));
  return { service, admin };
}

describe("seek", () => {
  const noon = new Date("2026-11-29T12:00:00Z");

  test("goes to the moment where the service can", async () => {
    const { service, admin } = bench({ canSeek: true });
    await admin.seek(orders, noon);
    expect(service.log).toContain("seek orders to 2026-11-29T12:00:00.000Z");
  });

  test("is UNSUPPORTED where the service cannot", async () => {
    await expect(bench().admin.seek(orders, noon)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      operation: "admin",
    });
  });

  test.each([undefined, "yesterday", 5, new Date("soon")])("refuses %s as a moment", async (moment) => {
    const { service, admin } = bench({ canSeek: true });
    await expect(admin.seek(orders, moment as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("Date"),
    });
    expect(service.log.filter((line) => line.startsWith("seek"))).toEqual([]);
  });
});
