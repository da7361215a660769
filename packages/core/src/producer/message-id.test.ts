import { expect, test } from "vitest";

import { newMessageId } from "./message-id.ts";

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("is a random UUID, another one each time, also when the drawn bytes are used up", () => {
  const ids = Array.from({ length: 1_000 }, () => newMessageId());

  expect(ids.filter((id) => !UUID_4.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(1_000);
  // Every position varies, except those of the version and the variant.
  const places = Array.from({ length: 36 }, (_, place) => new Set(ids.map((id) => id[place])).size);
  expect(places.flatMap((letters, place) => (letters === 1 ? [place] : []))).toEqual([8, 13, 14, 18, 23]);
});
