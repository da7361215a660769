import type { ErrorClass, ItemResult } from "../src/driver/driver.ts";
import { FakeServiceError } from "./fake-adapter.ts";
import type { FakeFault } from "./fake-queue.ts";

/** The call throws; nothing was applied. */
export function throws(errorClass: ErrorClass): FakeFault {
  return () => {
    throw new FakeServiceError(errorClass);
  };
}

/** The call is applied, but its answer is lost. */
export function loses(errorClass: ErrorClass): FakeFault {
  return (applied) => {
    applied();
    throw new FakeServiceError(errorClass);
  };
}

/** The call is applied and answered once `moment` has resolved. */
export function afterwards(moment: Promise<unknown>): FakeFault {
  return async (applied) => {
    await moment;
    return applied();
  };
}

/** The call never answers. */
export const hangs: FakeFault = async () => await new Promise<readonly ItemResult<unknown>[]>(() => {});

export const UNAVAILABLE: ErrorClass = { code: "UNAVAILABLE", retryable: true };
export const AMBIGUOUS: ErrorClass = { code: "CONNECTION_LOST", retryable: true, ambiguous: true };
