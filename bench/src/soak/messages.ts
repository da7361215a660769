/** Memory of the measured process after a full collection; the heap without compiled code. */
export interface Sample {
  readonly minute: number;
  /** Messages handled so far. */
  readonly handled: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** What the measured process counted at both ends. */
export interface Counts {
  /** Messages whose `send` resolved. */
  readonly sent: number;
  /** Different messages that were handled. */
  readonly handled: number;
  /** Handled more than once. */
  readonly doubled: number;
}

export type FromSoakClient =
  | { readonly at: "sample"; readonly sample: Sample }
  | { readonly at: "end"; readonly counts: Counts };
