/**
 * What an adapter did against the numbered rules of the driver contract. Adapters may be third-party code:
 * what they give is checked where the core would otherwise lose a message, wait for ever or end the process.
 * `wrapDriverError` turns it into a QueueError that names the adapter.
 */
export class BrokenRule extends Error {
  readonly rule: `D${number}`;

  constructor(rule: `D${number}`, what: string) {
    super(what);
    this.rule = rule;
  }
}
