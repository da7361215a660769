import { readDocument } from "./code-fences.ts";

/**
 * The size that a document states for a function bundled with everything it uses: gzipped kilobytes of 1,000
 * bytes, and milliseconds.
 */
export interface SaidSize {
  readonly document: string;
  /** The function's file, as in `functions` of tooling/budgets.json. */
  readonly of: string;
  readonly kilobytes: number;
  /** The limit that CI enforces, if the sentence states it. */
  readonly maxKilobytes: number | undefined;
  readonly maxImportMs: number | undefined;
}

const LAMBDA = "tooling/functions/lambda.ts";
const PUSH = "tooling/functions/push.ts";

/** Every sentence that states a size. A new one that is missing here fails the documents' tests. */
const SENTENCES: readonly (readonly [document: string, of: string, sentence: RegExp])[] = [
  ["README.md", LAMBDA, /a Lambda function with the whole engine is (?<size>\d+) kB/u],
  ["README.md", LAMBDA, /An AWS Lambda function with .*?: (?<size>\d+) kB with\s+the whole engine/u],
  [
    "docs/guides/serverless.md",
    LAMBDA,
    /the function above .*? is (?<size>\d+) kB gzipped [^;]*; CI refuses\s+more than (?<max>\d+) kB or (?<ms>\d+) ms/u,
  ],
  [
    "docs/guides/serverless.md",
    PUSH,
    /a push endpoint .*? is (?<size>\d+) kB gzipped [^;]*; CI refuses\s+more than (?<max>\d+) kB, or an import that takes longer than (?<ms>\d+) ms/u,
  ],
];

/** @throws if a document no longer has its sentence */
export function saidSizes(): readonly SaidSize[] {
  return SENTENCES.map(([document, of, sentence]) => {
    const groups = sentence.exec(readDocument(document))?.groups;
    if (groups === undefined) throw new Error(`${document} says nothing like ${sentence.source}`);
    const { size, max, ms } = groups;
    return {
      document,
      of,
      kilobytes: Number(size),
      maxKilobytes: max === undefined ? undefined : Number(max),
      maxImportMs: ms === undefined ? undefined : Number(ms),
    };
  });
}
