import { afterAll, beforeAll, vi } from "vitest";

/** The releases of the client that the peer range allows; 6 is the one of development. */
export const MAJORS = [6, 5] as const;

/** The adapter loads its SDK with the first call: here it finds that release. */
export function useMajor(major: (typeof MAJORS)[number]): void {
  beforeAll(() => {
    if (major === 5) vi.doMock("@google-cloud/pubsub", async () => await import("@google-cloud/pubsub-5"));
  });
  afterAll(() => {
    vi.doUnmock("@google-cloud/pubsub");
  });
}
