// The vendor's own schema of CloudFormation and SAM resources.

import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";
import type { PropertyType, SpecDatabase, TypeDefinition } from "@aws-cdk/service-spec-types";

let database: SpecDatabase | undefined;

/** Everything that does not fit the schema, with its path. Intrinsic functions fit everywhere. */
export function schemaProblems(template: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(recordOf(template["Resources"])).flatMap(([name, resource]) => {
    const { Type, Properties } = recordOf(resource);
    database ??= loadAwsServiceSpecSync();
    const [found] = database.lookup("resource", "cloudFormationType", "equals", String(Type));
    if (found === undefined) return [`${name}: no resource ${String(Type)}`];
    return propertyProblems(recordOf(Properties), found.properties, name);
  });
}

type Properties = TypeDefinition["properties"];

function propertyProblems(
  given: Readonly<Record<string, unknown>>,
  known: Properties,
  where: string,
): readonly string[] {
  const missing = Object.entries(known)
    .filter(([name, { required }]) => required === true && !(name in given))
    .map(([name]) => `${where}.${name} is missing`);
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    const property = known[name];
    return property === undefined
      ? [`${where}.${name} is not known`]
      : typeProblems(value, property.type, `${where}.${name}`);
  });
  return [...missing, ...wrong];
}

function typeProblems(value: unknown, type: PropertyType, where: string): readonly string[] {
  if (isIntrinsic(value)) return [];
  switch (type.type) {
    case "string":
      return typeof value === "string" ? [] : [`${where} is no text`];
    case "number":
    case "integer":
      return typeof value === "number" ? [] : [`${where} is no number`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${where} is neither true nor false`];
    case "array":
      return Array.isArray(value)
        ? value.flatMap((each, index) => typeProblems(each, type.element, `${where}[${index}]`))
        : [`${where} is no list`];
    case "ref": {
      const definition = database?.get("typeDefinition", type.reference.$ref);
      return definition === undefined ? [] : propertyProblems(recordOf(value), definition.properties, where);
    }
    case "union": {
      const all = type.types.map((each) => typeProblems(value, each, where));
      // The member that fits best is the one that was meant.
      return all.toSorted((a, b) => a.length - b.length)[0] ?? [];
    }
    case "map":
      return Object.entries(recordOf(value)).flatMap(([name, each]) =>
        typeProblems(each, type.element, `${where}.${name}`),
      );
    // Anything: JSON, a list of tags, a time as text.
    case "json":
    case "tag":
    case "date-time":
    case "null":
      return [];
  }
}

function isIntrinsic(value: unknown): boolean {
  const names = Object.keys(recordOf(value));
  return names.length === 1 && names.every((name) => name === "Ref" || name.startsWith("Fn::"));
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
