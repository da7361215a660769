/** A promise that somebody else resolves. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  const gate = createGate();
  if (signal.aborted) gate.open();
  else signal.addEventListener("abort", () => gate.open(), { once: true });
  return gate.opened;
}
