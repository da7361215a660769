/** Returns true for a value that the member may have. */
export type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === "string" && value !== "";
export const isFlag: Check = (value) => typeof value === "boolean";
export const isCount: Check = (value) => Number.isInteger(value) && Number(value) >= 0;
export const isPositive: Check = (value) => Number.isInteger(value) && Number(value) > 0;
export const isFinite: Check = (value) => typeof value === "number" && Number.isFinite(value);
export const isDelay: Check = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
export const isChance: Check = (value) => typeof value === "number" && value >= 0 && value <= 1;
export const isIndexes: Check = (value) => Array.isArray(value) && value.every(isCount);
export const isStatus: Check = (value) =>
  Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599;
export const isOneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);

/** One member of an object from outside the process. */
export interface Member {
  readonly check: Check;
  readonly expected: string;
  readonly isRequired?: boolean;
}

/** The members of one object by name. */
export type Members = Readonly<Record<string, Member>>;

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
