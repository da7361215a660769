import { AmqpRefusal } from "../amqp-errors.ts";
import { elementsOf, entryOf, numberOf, textOf, type AmqpValue } from "../transport/amqp-value.ts";

/** The map in a request to `$management`. Missing or wrongly typed values are refused by name. */
export class RequestBody {
  readonly #value: AmqpValue | undefined;

  constructor(value: AmqpValue | undefined) {
    this.#value = value;
  }

  value(name: string): AmqpValue | undefined {
    return entryOf(this.#value, name);
  }

  text(name: string): string {
    return this.optionalText(name) ?? refuse(name, "a text");
  }

  optionalText(name: string): string | undefined {
    return textOf(this.value(name));
  }

  number(name: string): number {
    return numberOf(this.value(name)) ?? refuse(name, "a number");
  }

  optionalNumber(name: string): number | undefined {
    return numberOf(this.value(name));
  }

  numbers(name: string): readonly number[] {
    return elementsOf(this.value(name)).map((element) => numberOf(element) ?? refuse(name, "numbers"));
  }

  /** Canonical UUIDs. */
  lockTokens(): readonly string[] {
    return elementsOf(this.value("lock-tokens")).map((token) =>
      token.type === "uuid" ? token.value : refuse("lock-tokens", "UUIDs"),
    );
  }

  elements(name: string): readonly RequestBody[] {
    return elementsOf(this.value(name)).map((element) => new RequestBody(element));
  }

  nested(name: string): RequestBody | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new RequestBody(value);
  }

  binary(name: string): Buffer {
    return this.optionalBinary(name) ?? refuse(name, "bytes");
  }

  optionalBinary(name: string): Buffer | undefined {
    const value = this.value(name);
    return value?.type === "binary" ? value.value : undefined;
  }
}

function refuse(name: string, expected: string): never {
  throw new AmqpRefusal("com.microsoft:argument-error", `The argument '${name}' must be ${expected}.`);
}
