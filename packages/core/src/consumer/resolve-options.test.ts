import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../client/defaults.ts";
import { checkConcurrency, resolveOptions } from "./resolve-options.ts";

describe("the options of a consumer", () => {
  test("have their defaults where nothing or undefined is given", () => {
    const defaults = {
      concurrency: DEFAULTS.concurrency,
      prefetch: "auto",
      rateLimit: undefined,
      handlerTimeoutMs: undefined,
      onInvalid: "dead-letter",
      leaseMs: undefined,
      attempts: DEFAULTS.attempts,
      retryDelay: undefined,
      deadLetter: "auto",
    };
    expect(resolveOptions({}, {})).toEqual(defaults);
    const nothing = {
      concurrency: undefined,
      prefetch: undefined,
      retry: { attempts: undefined },
      lease: undefined,
    };
    expect(resolveOptions(nothing, {})).toEqual(defaults);
    expect(Object.isFrozen(resolveOptions({}, {}))).toBe(true);
  });

  test("win over the policy of the definition, key by key", () => {
    const settings = resolveOptions(
      { retry: { attempts: 7 }, lease: "90s" },
      { retry: { attempts: 3, delay: "5s" }, lease: "30s", deadLetter: "none" },
    );
    expect(settings).toMatchObject({ attempts: 7, retryDelay: "5s", leaseMs: 90_000, deadLetter: "none" });
    expect(resolveOptions({ retry: { attempts: undefined } }, { retry: { attempts: 3 } }).attempts).toBe(3);
    expect(resolveOptions({ retry: { attempts: "unlimited" } }, {}).attempts).toBe(Number.POSITIVE_INFINITY);
  });

  test("may say what is the default", () => {
    const spoken = { prefetch: "auto", onInvalid: "dead-letter", deadLetter: "auto" } as const;
    expect(resolveOptions(spoken, {})).toEqual(resolveOptions({}, {}));
  });

  test("are read in milliseconds", () => {
    const settings = resolveOptions({ rateLimit: { count: 3, per: "1m" }, handlerTimeout: "2s" }, {});
    expect(settings).toMatchObject({ rateLimit: { count: 3, perMs: 60_000 }, handlerTimeoutMs: 2_000 });
  });

  test.each([
    [{ concurency: 3 }, 'did you mean "concurrency"?'],
    [{ concurrency: 0 }, "consumer.concurrency: expected a whole number from 1, got 0"],
    [{ concurrency: 1.5 }, "consumer.concurrency"],
    [{ concurrency: "3" }, "got string"],
    [{ prefetch: -1 }, "consumer.prefetch"],
    [{ prefetch: "all" }, "consumer.prefetch"],
    [{ rateLimit: 5 }, "consumer.rateLimit: expected an object, got number"],
    [{ rateLimit: { count: 0, per: "1s" } }, "consumer.rateLimit.count"],
    [{ rateLimit: { count: 1, per: "0s" } }, "consumer.rateLimit.per: expected more than 0"],
    [{ rateLimit: { count: 1, every: "1s" } }, "consumer.rateLimit"],
    [{ handlerTimeout: "0ms" }, "consumer.handlerTimeout: expected more than 0"],
    [{ handlerTimeout: 5 }, "consumer.handlerTimeout"],
    [{ onInvalid: "drop" }, "consumer.onInvalid"],
    [{ lease: "0s" }, "consumer.lease: expected more than 0"],
    [{ lease: "long" }, "consumer.lease"],
    [{ retry: { attempts: 0 } }, "consumer.retry.attempts"],
    [{ deadLetter: "maybe" }, "consumer.deadLetter"],
    ["fast", "expected an object, got string"],
  ])("%o is refused", (options, text) => {
    expect(() => resolveOptions(options as never, {})).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(text) }),
    );
  });

  test("are refused with every problem at once", () => {
    expect(() => resolveOptions({ concurrency: -1, prefetch: -1, what: 1 } as never, {})).toThrow(
      /concurrency.*prefetch|what.*concurrency/,
    );
  });
});

test("a changed concurrency is checked as the option is", () => {
  expect(() => {
    checkConcurrency(Number.NaN);
  }).toThrow(/got NaN/);
  checkConcurrency(1);
});
