import { afterAll, beforeAll, vi } from "vitest";

/** The client's major releases in the peer range; 6 is the one of development. */
export const MAJORS = [6, 5] as const;

/** Makes the adapter find that release: it loads its SDK with the first call. */
export function useMajor(major: (typeof MAJORS)[number]): void {
  beforeAll(() => {
    if (major === 5) vi.doMock("@google-cloud/pubsub", async () => await import("@google-cloud/pubsub-5"));
  });
  afterAll(() => {
    vi.doUnmock("@google-cloud/pubsub");
  });
}
