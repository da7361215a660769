/** Memory of the measured process after a full garbage collection. The heap excludes compiled code. */
export interface Sample {
  readonly minute: number;
  /** Messages handled so far. */
  readonly handled: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** What the measured process counted as producer and consumer. */
export interface Counts {
  /** Messages whose `send` resolved. */
  readonly sent: number;
  /** Distinct messages that were handled. */
  readonly handled: number;
  /** Messages handled more than once. */
  readonly doubled: number;
}

export type FromSoakClient =
  | { readonly at: "sample"; readonly sample: Sample }
  | { readonly at: "end"; readonly counts: Counts };
