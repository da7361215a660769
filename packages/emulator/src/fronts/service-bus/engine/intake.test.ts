import { expect, test } from "vitest";
import { manualNamespace, sbContent } from "../../../../test/support/service-bus-engine.ts";

test("all parts but the body have 64 KB, however large the message may be", () => {
  const { namespace } = manualNamespace();
  const queue = namespace.createQueue("q", { maxMessageSizeInKilobytes: 1_024 });
  queue.target.send([sbContent("fits", { headerBytes: 65_536, sizeBytes: 900_000 })]);
  expect(() => {
    queue.target.send([sbContent("heavy", { headerBytes: 65_537 })]);
  }).toThrow(/65537 bytes of properties.*65536 bytes/u);
  expect(queue.counts.active).toBe(1);
});
