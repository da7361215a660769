import {
  spawnEmulator,
  type MessageSnapshot,
  type QueueSnapshot,
  type SpawnedEmulator,
} from "@anyqueue/emulator";

/** Queues of an emulator in its own process, made and read without any code under test. */
export class LocalQueues implements AsyncDisposable {
  readonly #emulator: SpawnedEmulator;

  private constructor(emulator: SpawnedEmulator) {
    this.#emulator = emulator;
  }

  static async start(): Promise<LocalQueues> {
    return new LocalQueues(await spawnEmulator({ sqsPort: 0 }));
  }

  get control(): SpawnedEmulator["control"] {
    return this.#emulator.control;
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#emulator.environment;
  }

  async create(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#call({
      Action: "CreateQueue",
      QueueName: name,
      ...numbered("Attribute", "Name", attributes),
    });
  }

  /** Sends as a foreign program would. */
  async send(
    name: string,
    body: string,
    attributes: Readonly<Record<string, string>> = {},
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const fields = Object.entries(attributes).flatMap(([attribute, value], index) => [
      [`MessageAttribute.${index + 1}.Name`, attribute],
      [`MessageAttribute.${index + 1}.Value.DataType`, "String"],
      [`MessageAttribute.${index + 1}.Value.StringValue`, value],
    ]);
    await this.#call({
      Action: "SendMessage",
      QueueUrl: `${this.#emulator.endpoints.sqs ?? ""}/000000000000/${name}`,
      MessageBody: body,
      ...parameters,
      ...Object.fromEntries(fields),
    });
  }

  async queue(name: string): Promise<QueueSnapshot> {
    const found = (await this.control.queues()).find((queue) => queue.name === name);
    if (found === undefined) throw new Error(`There is no queue ${name}.`);
    return found;
  }

  async messages(name: string): Promise<readonly MessageSnapshot[]> {
    return (await this.queue(name)).messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#emulator.close();
  }

  async #call(fields: Readonly<Record<string, string>>): Promise<void> {
    const response = await fetch(this.#emulator.endpoints.sqs ?? "", {
      method: "POST",
      body: new URLSearchParams(fields),
    });
    if (!response.ok) throw new Error(`${fields["Action"] ?? ""}: ${await response.text()}`);
  }
}

function numbered(
  prefix: string,
  key: string,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value], index) => [
      [`${prefix}.${index + 1}.${key}`, name],
      [`${prefix}.${index + 1}.Value`, value],
    ]),
  );
}
