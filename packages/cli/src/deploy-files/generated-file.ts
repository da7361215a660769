/** One file of a deployment. */
export interface GeneratedFile {
  readonly name: string;
  readonly format: Format;
  readonly text: string;
}

export type Format = "sam" | "cloudformation" | "terraform" | "bicep" | "json";

/** Written at the top of every file that can have a comment. */
export const ORIGIN = "Made by anyqueue deploy-files. Nothing of it was applied.";

export function jsonFile(name: string, format: Format, value: unknown): GeneratedFile {
  return { name, format, text: `${JSON.stringify(value, undefined, 2)}\n` };
}
