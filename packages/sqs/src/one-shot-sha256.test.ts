import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HmacKey, OneShotSha256 } from "./one-shot-sha256.ts";

const part = fc.oneof(fc.string(), fc.uint8Array({ maxLength: 300 }));

describe("the digest for the SDK's signer", () => {
  test("is Node's own, whatever the parts", async () => {
    const property = fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
      const own = new OneShotSha256();
      const reference = createHash("sha256");
      for (const one of parts) {
        own.update(one);
        reference.update(one);
      }
      expect(Buffer.from(await own.digest())).toEqual(reference.digest());
    });
    await fc.assert(property);
  });

  test("with a secret is Node's HMAC, also with one longer than a block", async () => {
    const property = fc.asyncProperty(part, fc.array(part, { maxLength: 4 }), async (secret, parts) => {
      const own = new OneShotSha256(secret);
      const reference = createHmac("sha256", secret);
      for (const one of parts) {
        own.update(one);
        reference.update(one);
      }
      expect(Buffer.from(await own.digest())).toEqual(reference.digest());
    });
    await fc.assert(property);
  });

  test("takes an ArrayBuffer, and a view without its neighbours", async () => {
    const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6]);
    const own = new OneShotSha256(bytes.buffer);
    own.update(bytes.subarray(2, 4));
    expect(Buffer.from(await own.digest())).toEqual(
      createHmac("sha256", bytes)
        .update(Uint8Array.from([3, 4]))
        .digest(),
    );
  });

  test("starts again after a reset", async () => {
    const own = new OneShotSha256();
    own.update("before");
    own.reset();
    own.update("after");
    expect(Buffer.from(await own.digest())).toEqual(createHash("sha256").update("after").digest());
  });
});

test("one HMAC key signs many texts, and each signature is its own", () => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.uint8Array()),
    (secret, texts) => {
      const key = new HmacKey(Buffer.from(secret));
      const signatures = texts.map((text) => key.sign(Buffer.from(text)));
      const expected = texts.map((text) => createHmac("sha256", secret).update(text).digest());
      expect(signatures).toEqual(expected);
    },
  );
  fc.assert(property);
});
