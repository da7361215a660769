/** Signatures that other threads of this process make: time must not pass before they are there. */
export interface Signatures {
  /** How many have been made. */
  count(): number;
  /** Resolves when none is being made. */
  made(): Promise<void>;
  close(): void;
}

/**
 * Watches WebCrypto, with which the SDK of Service Bus signs its tokens. It works in threads that may wait long for
 * a processor, while the event loop goes on.
 */
export function watchSignatures(): Signatures {
  const { subtle } = globalThis.crypto;
  const sign = subtle.sign.bind(subtle);
  const open = new Set<Promise<unknown>>();
  let count = 0;
  const watched: typeof sign = async (...args) => {
    const making = sign(...args);
    open.add(making);
    try {
      return await making;
    } finally {
      open.delete(making);
      count += 1;
    }
  };
  Object.defineProperty(subtle, "sign", { configurable: true, value: watched });
  return {
    count: () => count,
    async made() {
      await Promise.allSettled(open);
    },
    close() {
      Reflect.deleteProperty(subtle, "sign");
    },
  };
}
