// The part of HCL that the files need.
// https://developer.hashicorp.com/terraform/language/syntax/configuration (2026-11-29)

import { ORIGIN, type GeneratedFile } from "./generated-file.ts";

/** An expression, written unquoted. */
export class Expression {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A block inside a block. */
export class Block {
  readonly body: Body;

  constructor(body: Body) {
    this.body = body;
  }
}

type Value = string | number | boolean | Expression | Block | readonly (string | Expression)[];

/** Undefined values are left out. */
export type Body = Readonly<Record<string, Value | undefined>>;

export interface Section {
  /** `resource "aws_sqs_queue" "orders"`, split into its words. */
  readonly head: readonly [kind: string, ...labels: string[]];
  readonly body: Body;
  readonly remark?: string;
}

/** A reference to something else in the files. */
export function ref(text: string): Expression {
  return new Expression(text);
}

export function terraformFile(sections: readonly Section[]): GeneratedFile {
  const text = [`# ${ORIGIN}`, ...sections.map(sectionText)].join("\n\n");
  return { name: "main.tf", format: "terraform", text: `${text}\n` };
}

export function variable(name: string, description: string, fallback?: string): Section {
  return {
    head: ["variable", name],
    body: { type: ref("string"), description, default: fallback },
  };
}

function sectionText({ head: [kind, ...labels], body, remark }: Section): string {
  const opening = [kind, ...labels.map((label) => JSON.stringify(label))].join(" ");
  const lines = [`${opening} {`, ...bodyLines(body, "  "), "}"];
  return [...(remark === undefined ? [] : [`# ${remark}`]), ...lines].join("\n");
}

function bodyLines(body: Body, indent: string): readonly string[] {
  const entries = Object.entries(body).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return entries.flatMap(([name, value], index) => {
    if (value instanceof Block) {
      return [`${indent}${name} {`, ...bodyLines(value.body, `${indent}  `), `${indent}}`];
    }
    return [`${indent}${name.padEnd(widthAround(entries, index))} = ${valueText(value)}`];
  });
}

/** `terraform fmt` aligns the values of neighbouring lines. */
function widthAround(entries: readonly (readonly [string, Value])[], index: number): number {
  let [first, last] = [index, index];
  const isLine = (at: number): boolean => entries[at] !== undefined && !(entries[at][1] instanceof Block);
  while (isLine(first - 1)) first -= 1;
  while (isLine(last + 1)) last += 1;
  return Math.max(...entries.slice(first, last + 1).map(([name]) => name.length));
}

function valueText(value: Exclude<Value, Block>): string {
  if (value instanceof Expression) return value.text;
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value))
    return `[${value.map((each: string | Expression) => valueText(each)).join(", ")}]`;
  return JSON.stringify(value);
}

/** `${` starts an expression inside a string. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("${", "$${").replaceAll("%{", "%%{");
}
